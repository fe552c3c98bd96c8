import type { Undo } from "./fault.ts";
import type { FrameRule, RuleState } from "./frame-proxy/rule.ts";
import type { Link, LinkFrames, Stream } from "./topology.ts";

/** What the faults on single frames have in common: whose frames, which, and when they show. */

export const STOMP_COMMANDS = [
  ...["CONNECT", "STOMP", "CONNECTED", "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT"],
  ...["ABORT", "DISCONNECT", "MESSAGE", "RECEIPT", "ERROR"],
] as const;

export const VICTIMS_MAX = 100_000;

export const aFrame = {
  params: { victims: 1, stream: "downstream", frame: "MESSAGE", destination: "", nth: 1, count: 1 },
  explain: {
    victims:
      "connections that are hit, chosen by the seed among those open when the window begins; all where there are fewer",
    stream: "downstream is from the server to its clients",
    frame:
      "a STOMP command, heart-beat, data (a message that is not STOMP by itself, SockJS's too), ping, pong, close, or any",
    destination:
      "only frames with this destination header; empty for any, with * at the end for all that begin so",
    nth: "the first of a victim's matching frames that is hit, counted from the window's beginning",
    count: "how many matching frames in a row are hit; 0 for all until the window ends",
  },
  bounds: {
    victims: [1, VICTIMS_MAX],
    stream: ["downstream", "upstream"],
    frame: [...STOMP_COMMANDS, "heart-beat", "data", "ping", "pong", "close", "any"],
    nth: [1, 1_000_000],
    count: [0, 1_000_000],
  },
} as const;

type Which = {
  readonly [N in keyof typeof aFrame.params]: (typeof aFrame.params)[N] extends number ? number : string;
};

/** The part of a rule that `aFrame`'s parameters decide. */
export function which({
  victims,
  stream,
  frame,
  destination,
  nth,
  count,
}: Which): Omit<FrameRule, "label" | "act"> {
  return { victims, streams: streamsOf(stream), frame, destination, nth, count };
}

export function streamsOf(stream: string): readonly Stream[] {
  return stream === "both" ? ["upstream", "downstream"] : [stream as Stream];
}

const ANSWER_DEADLINE_MS = 2_000;

interface Made {
  readonly id: string;
  undoBegun: boolean;
}

/** Rules by link and by the very parameters of their window: windows may overlap on one link. */
const made = new WeakMap<Link, WeakMap<object, Made[]>>();

/** @throws when the link has no frame proxy. */
export async function putInForce(link: Link, params: object, rule: FrameRule): Promise<Undo> {
  const frames = framesOf(link);
  const entry: Made = { id: await frames.disturb(rule), undoBegun: false };
  const all = rulesOf(link, params);
  all.push(entry);
  let last = (await frames.state(entry.id)) as RuleState;
  let begun = true;
  return {
    detail() {
      const text = describe(last, begun);
      begun = false;
      return text;
    },
    async [Symbol.asyncDispose]() {
      entry.undoBegun = true;
      last = (await frames.lift(entry.id)) ?? last;
    },
  };
}

/** At least one victim was hit: frames acted upon, or bytes that do not go on. By the proxy's counters. */
export async function hasHit(link: Link, params: object): Promise<boolean> {
  const newest = rulesOf(link, params).at(-1);
  const state = newest === undefined ? undefined : await framesOf(link).state(newest.id);
  return state?.victims.some((victim) => victim.acted > 0 || victim.withheldBytes > 0) ?? false;
}

/** No rule whose undo has begun is in force any more, and the link answers. */
export async function isOver(link: Link, params: object): Promise<boolean> {
  const frames = framesOf(link);
  for (const { id, undoBegun } of rulesOf(link, params))
    if (undoBegun && (await frames.state(id)) !== undefined) return false;
  return (await link.roundTripMs(ANSWER_DEADLINE_MS)) !== undefined;
}

function framesOf(link: Link): LinkFrames {
  if (link.frames !== undefined) return link.frames;
  throw new Error(`${link.name} has no frame proxy: it is put on the links of clients when a plan needs it`);
}

function rulesOf(link: Link, params: object): Made[] {
  const ofLink = made.get(link) ?? new WeakMap<object, Made[]>();
  made.set(link, ofLink);
  const rules = ofLink.get(params) ?? [];
  ofLink.set(params, rules);
  return rules;
}

const NAMES_SHOWN = 5;

/** `2 of 60 connections: ada (connection 7), ben (connection 12)`; later what became of them. */
function describe({ victims, of }: RuleState, begun: boolean): string {
  const share = `${victims.length} of ${of} connections`;
  if (begun) {
    const names = victims
      .slice(0, NAMES_SHOWN)
      .map(({ name, connection }) => `${name} (connection ${connection})`);
    const more = victims.length > NAMES_SHOWN ? [`${victims.length - NAMES_SHOWN} more`] : [];
    return victims.length === 0 ? share : `${share}: ${[...names, ...more].join(", ")}`;
  }
  const sum = (pick: (victim: RuleState["victims"][number]) => number) =>
    victims.reduce((total, victim) => total + pick(victim), 0);
  const hit = victims.filter((victim) => victim.acted > 0 || victim.withheldBytes > 0).length;
  const kept = sum((victim) => victim.withheldBytes);
  return [
    `${hit} of ${of} connections were hit, ${sum((victim) => victim.acted)} frames`,
    kept > 0 ? `${kept} bytes withheld to the end` : [],
  ]
    .flat()
    .join(", ");
}
