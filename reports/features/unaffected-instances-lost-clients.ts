import type { Feature } from "../feature.ts";
import { isExplained, tellClose, unaskedCloses } from "../unasked-closes.ts";
import { serverOfTarget } from "../whereabouts.ts";
import { faultSpans } from "../windows.ts";

const AFTER_MS = 12_000;

/** B23, B187: one instance stops, or a store does, and clients of instances that nothing happened to leave as well. */
const feature: Feature = {
  name: "unaffected-instances-lost-clients",
  summary: "clients of instances that no fault acted on were dropped or sent away while another one was",
  find(record) {
    const spans = faultSpans(record).filter((span) => span.void === undefined);
    const hit = new Set(spans.flatMap(({ window }) => serverOfTarget(window.target) ?? []));
    if (hit.size === 0) return [];
    const others = unaskedCloses(record).filter(
      (one) =>
        !hit.has(one.server) &&
        !isExplained(spans, one) &&
        spans.some(({ fromMs, toMs }) => one.close.atMs >= fromMs && one.close.atMs <= toMs + AFTER_MS),
    );
    return others.slice(0, 10).map(tellClose);
  },
};
export default feature;
