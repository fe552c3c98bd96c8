import type { Feature } from "../feature.ts";
import { byMessage, lossesOf } from "../losses.ts";
import { plural } from "../measure.ts";

/** Below this the exceptions are no longer exceptions: two sends raced, say. */
const MOST = 0.8;

/**
 * B75: consumers that share one group. Each message reaches the clients of exactly one instance, and for one and the
 * same sender's instance that is now this one and now that one; with B42 it is always the sender's own.
 */
const feature: Feature = {
  name: "loss-alternating",
  summary: "each message reaches one instance only, and which one it is keeps changing",
  find(record) {
    const { lost, received } = lossesOf(record);
    const lostOf = byMessage(lost);
    const gotOf = byMessage(received);
    const single: { readonly message: string; readonly from: string; readonly at: string; atMs: number }[] =
      [];
    let elsewhere = 0;
    for (const [message, pairs] of lostOf) {
      const [pair] = pairs;
      if (!pair) continue;
      const missed = new Set(pairs.map(({ to }) => to));
      const reached = new Set((gotOf.get(message) ?? []).map(({ to }) => to));
      const [at] = reached;
      const isSingle = reached.size === 1 && at !== undefined && !missed.has(at);
      if (isSingle && pair.from !== undefined)
        single.push({ message, from: pair.from, at, atMs: pair.send.sentMs });
      else elsewhere++;
    }
    if (single.length < MOST * (single.length + elsewhere)) return [];
    for (const from of [...new Set(single.map((one) => one.from))].sort()) {
      const own = single.filter((one) => one.from === from);
      const places = [...new Set(own.map((one) => one.at))].sort();
      if (places.length < 2) continue;
      const told = places.map((at) => `${at} ${own.filter((one) => one.at === at).length}`).join(", ");
      return [
        {
          text: `${plural(own.length, "message")} accepted by ${from} reached one instance each: ${told}`,
          server: from,
        },
        ...own.slice(0, 5).map(({ message, at, atMs }) => ({
          text: `${message} reached only ${at}`,
          message,
          atMs,
          server: at,
        })),
      ];
    }
    return [];
  },
};
export default feature;
