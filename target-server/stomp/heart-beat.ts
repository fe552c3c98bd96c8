/** What a heart-beat looks like on the wire. */
export const EOL = "\n";

/** The header `heart-beat: <sends>,<wants>` of one side, in ms. 0 means: does not. */
export interface HeartBeat {
  readonly sendsMs: number;
  readonly wantsMs: number;
}

/** What both sides agreed to, seen from one of them. 0 means: nothing in that direction. */
export interface AgreedBeat {
  readonly sendEveryMs: number;
  readonly expectEveryMs: number;
}

/** An absent header is `0,0` (STOMP 1.1); undefined where it is malformed. */
export function parseHeartBeat(header: string | undefined): HeartBeat | undefined {
  if (header === undefined) return { sendsMs: 0, wantsMs: 0 };
  const match = /^(\d{1,9}),(\d{1,9})$/.exec(header);
  return match ? { sendsMs: Number(match[1]), wantsMs: Number(match[2]) } : undefined;
}

/** The slower of what one offers and the other wants, for each direction; 0 on either side disables it (A52). */
export function agreeBeat(mine: HeartBeat, theirs: HeartBeat): AgreedBeat {
  return {
    sendEveryMs: slower(mine.sendsMs, theirs.wantsMs),
    expectEveryMs: slower(theirs.sendsMs, mine.wantsMs),
  };
}

function slower(offeredMs: number, wantedMs: number): number {
  return offeredMs === 0 || wantedMs === 0 ? 0 : Math.max(offeredMs, wantedMs);
}
