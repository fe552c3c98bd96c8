import { type Heard, isReceipt, type Peer } from "./examiner.ts";

/** What examiners say to each other in rooms, and what of it they heard: by content, so that any server will do. */

/** For an answer that must come; a starved machine is slow, and never this slow. */
export const PATIENCE_MS = 10_000;

export interface Said {
  readonly content: string;
  /** The server's, of MESSAGE. */
  readonly id: string;
  /** The room's sequence; undefined where the server gives none. */
  readonly seq: number | undefined;
}

export function topicOf(room: string): string {
  return `/topic/room.${room}`;
}

/** Resolves with true at the RECEIPT. */
export async function say(
  peer: Peer,
  room: string,
  content: string,
  headers: Readonly<Record<string, string>> = {},
  withinMs = PATIENCE_MS,
): Promise<boolean> {
  const answer = await peer.ask(
    "SEND",
    { ...headers, destination: `/app/chat.send/${room}`, "content-type": "application/json" },
    JSON.stringify({ content }),
    withinMs,
  );
  return isReceipt(answer);
}

/** Without waiting for an answer. */
export function shout(
  peer: Peer,
  room: string,
  content: string,
  receipt: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const own = { destination: `/app/chat.send/${room}`, "content-type": "application/json", receipt };
  peer.send("SEND", { ...headers, ...own }, JSON.stringify({ content }));
}

/** Everything that came of this destination, in the order in which it came; gaps that were told are not among it. */
export function heard(peer: Peer, destination: string): Said[] {
  return peer.frames.filter((frame) => isMessage(frame, destination)).map(toSaid);
}

/** Waits until it came, with whatever came before it; false when it did not. */
export async function hears(
  peer: Peer,
  destination: string,
  content: string,
  withinMs = PATIENCE_MS,
): Promise<boolean> {
  const found = await peer.next(
    (frame) => isMessage(frame, destination) && toSaid(frame).content === content,
    withinMs,
  );
  return found !== undefined;
}

/** Waits until all of them came; false when not. */
export async function hearsAll(
  peer: Peer,
  destination: string,
  contents: readonly string[],
  withinMs = PATIENCE_MS,
): Promise<boolean> {
  const missing = new Set(contents);
  let there = true;
  while (there && missing.size > 0) {
    const next = await peer.next(
      (frame) => isMessage(frame, destination) && missing.has(toSaid(frame).content),
      withinMs,
    );
    there = next !== undefined;
    if (next) missing.delete(toSaid(next).content);
  }
  return missing.size === 0;
}

/** Of `wanted`, in their order, those that are not in `got`. */
export function missingOf(wanted: readonly string[], got: readonly Said[]): string[] {
  const there = new Set(got.map(({ content }) => content));
  return wanted.filter((content) => !there.has(content));
}

/** How often each of `wanted` came, where that is not once. */
export function repeatedOf(wanted: readonly string[], got: readonly Said[]): string[] {
  return wanted.filter((content) => got.filter((one) => one.content === content).length > 1);
}

/** `3 of 5 came; missing c, d`. */
export function count(wanted: readonly string[], got: readonly Said[]): string {
  const missing = missingOf(wanted, got);
  const came = `${wanted.length - missing.length} of ${wanted.length} came`;
  return missing.length === 0 ? came : `${came}; missing ${missing.slice(0, 5).join(", ")}`;
}

function isMessage({ command, headers }: Heard, destination: string): boolean {
  return command === "MESSAGE" && headers.destination === destination && headers.type === undefined;
}

/** A frame is looked at whenever another one comes. */
const read = new WeakMap<Heard, Said>();

function toSaid(frame: Heard): Said {
  const known = read.get(frame);
  if (known) return known;
  const { seq, "message-id": id = "" } = frame.headers;
  const said = { content: contentOf(frame.body), id, seq: seq === undefined ? undefined : Number(seq) };
  read.set(frame, said);
  return said;
}

/** The `content` of a chat message or of what was pushed; "" for what is neither. */
function contentOf(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    const content = typeof value === "object" && value !== null && (value as { content?: unknown }).content;
    return typeof content === "string" ? content : "";
  } catch {
    return "";
  }
}
