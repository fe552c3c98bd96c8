import type { Feature } from "../feature.ts";
import { refusedWith } from "../refused-handshakes.ts";

/** B180: the proxy's own version towards the servers. */
const feature: Feature = {
  name: "refused-for-http-version",
  summary: "handshakes are refused because the server was spoken to in HTTP/1.0",
  find: (record) => refusedWith(record, [505]),
};
export default feature;
