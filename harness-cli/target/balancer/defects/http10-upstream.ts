import type { BalancerDefect } from "../defect.ts";

const defect: BalancerDefect = {
  name: "http10-upstream",
  summary: "nginx speaks HTTP/1.0 to the servers, which knows no Upgrade",
  requirement: ["B180"],
  wave: 2,
  inProduction:
    "Upgrade and Connection are passed on as every guide says, and still no handshake through nginx is answered with 101.",
  remedy: "Set proxy_http_version 1.1 in the same location; its default was 1.0 for two decades.",
  signs: [
    { fact: "handshakes", weight: 3 },
    { fact: "feature:refused-for-http-version", weight: 5 },
    { fact: "feature:refused-as-plain-get", weight: -2 },
    { fact: "feature:refused-by-gateway", weight: -3 },
  ],
  caughtBy: { scenario: "proxy-matrix", check: "handshakes" },
  program: "nginx",
  apply: (healthy) => ({ ...healthy, upstreamHttp: "1.0" }),
};
export default defect;
