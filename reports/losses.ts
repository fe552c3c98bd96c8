import { showIdentity } from "../scenarios/model/identity.ts";
import type { Evidence } from "./feature.ts";
import { show } from "./measure.ts";
import { type Pair, tallyPairs } from "./pairs.ts";
import type { RunRecord } from "./record/run-record.ts";
import { connectionsOf } from "./whereabouts.ts";

/** A pair with the servers at both its ends; `from` is undefined where the record does not say. */
export interface Routed extends Pair {
  readonly from: string | undefined;
  readonly to: string;
}

/** Every owed delivery of the whole run. */
export interface Losses {
  /** By time. */
  readonly lost: readonly Routed[];
  readonly received: readonly Routed[];
}

const known = new WeakMap<RunRecord, Losses>();

/** What several features ask of one record; looked up once, since it is the most that can be asked of one. */
export function lossesOf(record: RunRecord): Losses {
  let losses = known.get(record);
  if (!losses) {
    const serverOf = connectionsOf(record);
    const routed = ({ send, window }: Pair): Routed => {
      return { send, window, from: serverOf(send.publisher, send.sentMs), to: window.server };
    };
    const received: Routed[] = [];
    const { lost } = tallyPairs(record, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, (pair) =>
      received.push(routed(pair)),
    );
    losses = { lost: lost.map(routed), received };
    known.set(record, losses);
  }
  return losses;
}

/** The lost pairs by their message. */
export function byMessage(pairs: readonly Routed[]): ReadonlyMap<string, readonly Routed[]> {
  const map = new Map<string, Routed[]>();
  for (const pair of pairs) {
    const key = showIdentity(pair.send.publisher, pair.send.slot);
    const own = map.get(key);
    if (own) own.push(pair);
    else map.set(key, [pair]);
  }
  return map;
}

/** One lost pair in words. */
export function tellLoss({ send, window, from, to }: Routed): Evidence {
  const message = showIdentity(send.publisher, send.slot);
  return {
    text: `${message} of ${show(send.sentMs)} ms, accepted by ${from ?? "an unknown server"}, never reached client ${window.client} on ${to}`,
    atMs: send.sentMs,
    message,
    client: window.client,
    server: to,
  };
}
