import type { Feature } from "../feature.ts";
import { phantomsTold } from "../phantoms.ts";

/** B38, B39: it was seen by others although its sender was told no, or never told anything. */
const feature: Feature = {
  name: "phantom-was-refused",
  summary: "messages that were seen, but never confirmed to their sender, are not in the store",
  find: (record) => phantomsTold(record, (outcome) => outcome !== "confirmed"),
};
export default feature;
