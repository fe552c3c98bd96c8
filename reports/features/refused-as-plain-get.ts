import type { Feature } from "../feature.ts";
import { refusedWith } from "../refused-handshakes.ts";

/** B179: something on the way took Upgrade and Connection out of them. */
const feature: Feature = {
  name: "refused-as-plain-get",
  summary: "handshakes are refused because what arrived was no handshake any more",
  find: (record) => refusedWith(record, [400, 426]),
};
export default feature;
