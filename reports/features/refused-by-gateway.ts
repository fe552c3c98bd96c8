import type { Feature } from "../feature.ts";
import { refusedWith } from "../refused-handshakes.ts";

/** B30, B183, B189: a dead, starting or full backend is in the balancer's list. */
const feature: Feature = {
  name: "refused-by-gateway",
  summary: "handshakes are refused by a gateway that found nobody behind it",
  find: (record) => refusedWith(record, [502, 503, 504]),
};
export default feature;
