const LF = 10;
const CR = 13;
const NUL = 0;

/** Where one STOMP frame lies in a payload, line ends around it included. */
export interface StompSpan {
  readonly from: number;
  readonly to: number;
  readonly command: string;
  readonly destination: string | undefined;
  readonly bodyAt: number;
  /** The NUL. */
  readonly bodyEnd: number;
}

/** Only line ends: a STOMP heart-beat. False for nothing at all. */
export function isHeartBeat(payload: Buffer): boolean {
  return payload.length > 0 && skipLineEnds(payload, 0) === payload.length;
}

/** Begins as a STOMP frame does: capitals and a line end. A JSON text or a number does not. */
export function looksLikeStomp(payload: Buffer): boolean {
  const at = skipLineEnds(payload, 0);
  return /^[A-Z]{3,16}\r?(\n|$)/.test(payload.toString("latin1", at, at + 18));
}

/** The frame that begins at `from`; undefined while it is not complete. */
export function stompSpan(payload: Buffer, from: number): StompSpan | undefined {
  const commandAt = skipLineEnds(payload, from);
  const commandEnd = payload.indexOf(LF, commandAt);
  if (commandEnd < 0) return undefined;
  const bodyAt = bodyStart(payload, commandEnd);
  if (bodyAt === undefined) return undefined;
  const head = payload.toString("utf8", commandAt, bodyAt);
  const length = Number(headerIn(head, "content-length") ?? Number.NaN);
  let bodyEnd = Number.isInteger(length) ? bodyAt + length : payload.indexOf(NUL, bodyAt);
  // A length that does not lead to a NUL is the peer's problem; the frame ends at the next one.
  if (bodyEnd < payload.length && bodyEnd >= 0 && payload[bodyEnd] !== NUL)
    bodyEnd = payload.indexOf(NUL, bodyAt);
  if (bodyEnd < 0 || bodyEnd >= payload.length) return undefined;
  return {
    from,
    to: skipLineEnds(payload, bodyEnd + 1),
    command: payload.toString("latin1", commandAt, commandEnd).trimEnd(),
    destination: headerIn(head, "destination"),
    bodyAt,
    bodyEnd,
  };
}

/** The first header of that name as it stands on the wire, escapes included. */
export function headerIn(head: string, name: string): string | undefined {
  const at = head.indexOf(`\n${name}:`);
  if (at < 0) return undefined;
  const valueAt = at + name.length + 2;
  return head.slice(valueAt, head.indexOf("\n", valueAt)).replace(/\r$/, "");
}

/** After the empty line that ends the headers. */
function bodyStart(payload: Buffer, commandEnd: number): number | undefined {
  for (let at = commandEnd; at >= 0; at = payload.indexOf(LF, at + 1)) {
    if (payload[at + 1] === LF) return at + 2;
    if (payload[at + 1] === CR && payload[at + 2] === LF) return at + 3;
  }
  return undefined;
}

function skipLineEnds(payload: Buffer, from: number): number {
  let at = from;
  while (payload[at] === LF || payload[at] === CR) at += 1;
  return at;
}
