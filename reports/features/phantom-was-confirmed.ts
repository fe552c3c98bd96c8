import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";
import { deliveredIn, phantomsAmong } from "../phantoms.ts";

/** B40: the sender has its RECEIPT, the subscribers have the message, and the store never had it. */
const feature: Feature = {
  name: "phantom-was-confirmed",
  summary: "messages that were seen and confirmed to their sender are not in the store",
  find(record) {
    const delivered = deliveredIn(record, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    return phantomsAmong(record, delivered)
      .filter(({ outcome }) => outcome === "confirmed")
      .slice(0, 10)
      .map(({ publisher, slot, sentMs, outcome }) => {
        const message = showIdentity(publisher, slot);
        const text = `${message} of ${show(sentMs)} ms was seen and never stored; its sender was told: ${outcome}`;
        return { text, atMs: sentMs, message };
      });
  },
};
export default feature;
