import { SETTLE_MS } from "../entitlement.ts";
import type { Feature } from "../feature.ts";
import { lossesOf, tellLoss } from "../losses.ts";
import { faultSpans } from "../windows.ts";

/** A message sent just before a fault is still on its way when it begins. */
const BEFORE_MS = 1_000;

/** B45, B47: lost is what was sent while a part was away, and nothing before or after. B42 loses all the time. */
const feature: Feature = {
  name: "loss-within-fault-window",
  summary: "only messages sent while a fault was in force are lost, and none before or after it",
  find(record) {
    const spans = faultSpans(record).filter((span) => span.void === undefined);
    const { lost, received } = lossesOf(record);
    const isInside = (atMs: number) =>
      spans.some(({ fromMs, toMs }) => atMs >= fromMs - BEFORE_MS && atMs <= toMs + SETTLE_MS);
    const fineOutside = received.some(({ send }) => !isInside(send.sentMs));
    return fineOutside && lost.every(({ send }) => isInside(send.sentMs))
      ? lost.slice(0, 10).map(tellLoss)
      : [];
  },
};
export default feature;
