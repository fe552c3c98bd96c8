import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";
import { deliveredIn, phantomsAmong } from "../phantoms.ts";

/** B38, B39: it was seen by others although its sender was told no, or never told anything. */
const feature: Feature = {
  name: "phantom-was-refused",
  summary: "messages that were seen, but never confirmed to their sender, are not in the store",
  find(record) {
    const delivered = deliveredIn(record, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    return phantomsAmong(record, delivered)
      .filter(({ outcome }) => outcome !== "confirmed")
      .slice(0, 10)
      .map(({ publisher, slot, sentMs, outcome }) => {
        const message = showIdentity(publisher, slot);
        const text = `${message} of ${show(sentMs)} ms was seen and never stored; its sender was told: ${outcome}`;
        return { text, atMs: sentMs, message };
      });
  },
};
export default feature;
