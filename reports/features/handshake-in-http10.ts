import type { Feature } from "../feature.ts";
import { refusedWith } from "../refusals.ts";

/** B180: the proxy's own version towards the servers. */
const feature: Feature = {
  name: "handshake-in-http10",
  summary: "handshakes arrived in HTTP/1.0 and were answered with 505",
  find: (record) => refusedWith(record, 505),
};
export default feature;
