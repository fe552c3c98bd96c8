import type { BalancerDefect } from "../defect.ts";

const defect: BalancerDefect = {
  name: "bad-gateway-on-upgrade",
  summary: "a dead backend stays in the balancer's list, and its share of the handshakes is refused",
  requirement: ["B183"],
  wave: 2,
  inProduction:
    "A fixed share of all connection attempts fails at once with 502 or 503, always the same share, and a second attempt mostly works.",
  remedy:
    "Health checks that take a dead backend out (check inter 15s rise 2 fall 3), failover of a refused connection (proxy_next_upstream error; option redispatch), and a start that enters the list only when it is ready.",
  signs: [
    { fact: "handshakes", weight: 3 },
    { fact: "feature:refused-by-gateway", weight: 5 },
    { fact: "feature:refused-as-plain-get", weight: -3 },
    { fact: "feature:refused-for-http-version", weight: -3 },
  ],
  caughtBy: { scenario: "proxy-matrix", check: "handshakes" },
  apply: (healthy) => ({ ...healthy, failsOver: false, deadServers: 1 }),
};
export default defect;
