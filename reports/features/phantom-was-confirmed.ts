import type { Feature } from "../feature.ts";
import { phantomsTold } from "../phantoms.ts";

/** B40: the sender has its RECEIPT, the subscribers have the message, and the store never had it. */
const feature: Feature = {
  name: "phantom-was-confirmed",
  summary: "messages that were seen and confirmed to their sender are not in the store",
  find: (record) => phantomsTold(record, (outcome) => outcome === "confirmed"),
};
export default feature;
