import type { Feature } from "../feature.ts";
import { lossesOf, tellLoss } from "../losses.ts";
import { faultSpans, RECOVERY_MS } from "../windows.ts";

/** The last of what is lost must lie this near to the last message at all, else it came back. */
const UNTIL_END_MS = 3_000;

/** B46: what a fault broke stays broken although the fault is gone: a subscription that nobody made again. */
const feature: Feature = {
  name: "loss-after-fault-forever",
  summary: "nothing is lost before the fault, and long after it was healed messages are still lost",
  find(record) {
    const spans = faultSpans(record).filter((span) => span.void === undefined && span.healed);
    const first = spans[0];
    if (!first) return [];
    const healedMs = Math.max(...spans.map(({ toMs }) => toMs));
    const { lost, received } = lossesOf(record);
    const lastSentMs = Math.max(
      lost.at(-1)?.send.sentMs ?? 0,
      received.reduce((last, { send }) => Math.max(last, send.sentMs), 0),
    );
    const late = lost.filter(({ send }) => send.sentMs > healedMs + RECOVERY_MS / 2);
    const isNew = lost.every(({ send }) => send.sentMs >= first.fromMs - 1_000);
    const stays = (late.at(-1)?.send.sentMs ?? 0) >= lastSentMs - UNTIL_END_MS;
    return isNew && stays && late.length > 0 ? late.slice(0, 10).map(tellLoss) : [];
  },
};
export default feature;
