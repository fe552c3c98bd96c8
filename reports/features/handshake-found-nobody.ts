import type { Feature } from "../feature.ts";
import { refusedWith } from "../refusals.ts";

/** B183: a proxy that found nobody behind it, or waited in vain. */
const feature: Feature = {
  name: "handshake-found-nobody",
  summary: "a proxy answered handshakes itself, with 502, 503 or 504",
  find: (record) => refusedWith(record, 502, 503, 504),
};
export default feature;
