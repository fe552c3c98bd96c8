import type { Examiner, Heard, Peer } from "./examiner.ts";
import type { Accepted } from "./over-rate.ts";

/** Where the reference server names the SENDs that it refused (A40). A peer hears of it only when it is subscribed. */
export const REPLY_QUEUE = "/user/queue/reply";
const ANSWER_WITHIN_MS = 10_000;

/** What became of one SEND. Times are ms after the run's start. */
export interface AnsweredSend extends Accepted {
  readonly how: "confirmed" | "refused" | "unknown" | "error" | "closed" | "silence";
  /** What the server said of it. */
  readonly reason: string;
  /** When it will take one more, as it said itself. */
  readonly retryAfterMs?: number;
}

let sends = 0;

/** One SEND, and what the server says of it: the peer must be subscribed to the reply queue. */
export async function sendAnswered(
  examiner: Examiner,
  peer: Peer,
  destination: string,
  body: string,
  withinMs = ANSWER_WITHIN_MS,
): Promise<AnsweredSend> {
  const receipt = `answered-${sends++}`;
  const sentAtMs = examiner.nowMs();
  if (peer.closed !== undefined) return ended(peer, sentAtMs);
  peer.send("SEND", { destination, receipt }, body);
  const heard = await peer.next((frame) => isAbout(frame, receipt), withinMs);
  if (heard !== undefined) return answerOf(heard, sentAtMs);
  if (peer.closed !== undefined) return ended(peer, sentAtMs);
  return { how: "silence", reason: "no answer", sentAtMs, answeredAtMs: examiner.nowMs() };
}

/** A chat message of this text. */
export function chat(text: string): string {
  return JSON.stringify({ content: text });
}

function isAbout({ command, headers }: Heard, receipt: string): boolean {
  if (command === "ERROR") return true;
  return (command === "RECEIPT" || command === "MESSAGE") && headers["receipt-id"] === receipt;
}

function answerOf({ command, headers, atMs }: Heard, sentAtMs: number): AnsweredSend {
  const times = { sentAtMs, answeredAtMs: atMs };
  const reason = headers.message ?? "";
  if (command === "RECEIPT") return { how: "confirmed", reason, ...times };
  if (command === "ERROR") return { how: "error", reason, ...times };
  const retryAfterMs = Number(headers["retry-after-ms"] ?? Number.NaN);
  return {
    how: headers.outcome === "unknown" ? "unknown" : "refused",
    reason,
    ...times,
    ...(Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
  };
}

function ended({ closed }: Peer, sentAtMs: number): AnsweredSend {
  const answeredAtMs = Math.max(sentAtMs, closed?.atMs ?? sentAtMs);
  return { how: "closed", reason: `close ${closed?.code ?? "1006"}`, sentAtMs, answeredAtMs };
}
