import type { Feature } from "../feature.ts";
import { refusedWith } from "../refusals.ts";

/** B179: something on the way strips Upgrade. */
const feature: Feature = {
  name: "handshake-without-upgrade",
  summary: "handshakes arrived as plain GETs and were answered with 426",
  find: (record) => refusedWith(record, 426),
};
export default feature;
