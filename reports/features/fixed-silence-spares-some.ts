import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";
import { unaskedCloses } from "../unasked-closes.ts";
import fixedSilence from "./closes-at-fixed-silence.ts";

/** As old as so many time-outs, a connection has outlived it by something that flowed. */
const TIMES = 2;

/**
 * B1: who has heart-beats outlives the short idle time-out of a balancer. B3 has beats as well, and they come too late
 * for everybody.
 */
const feature: Feature = {
  name: "fixed-silence-spares-some",
  summary:
    "the idle time-out by which connections closed spared others that were as quiet and are much older",
  find(record, report) {
    if (fixedSilence.find(record, report).length === 0) return [];
    const closes = unaskedCloses(record);
    const timeoutMs = Math.max(...closes.map(({ close }) => close.silentMs));
    const hit = new Set(closes.map(({ close }) => close.client));
    const spared = record.ledger.windows.filter(
      ({ client, fromMs, toMs }) => !hit.has(client) && toMs - fromMs > TIMES * timeoutMs,
    );
    if (spared.length === 0) return [];
    return [
      { text: `${plural(spared.length, "subscription")} lived on for over ${show(TIMES * timeoutMs)} ms` },
      ...spared.slice(0, 5).map(({ client, server, fromMs, toMs }) => ({
        text: `client ${client} was there for ${show(toMs - fromMs)} ms`,
        atMs: fromMs,
        client,
        server,
      })),
    ];
  },
};
export default feature;
