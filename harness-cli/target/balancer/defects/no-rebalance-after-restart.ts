import type { BalancerDefect } from "../defect.ts";

const defect: BalancerDefect = {
  name: "no-rebalance-after-restart",
  summary: "new connections go round in turn, so an instance that came back stays nearly empty",
  requirement: ["B33"],
  wave: 2,
  inProduction:
    "After every deployment the instances that restarted last idle while the others carry nearly everybody, for as long as people stay connected.",
  remedy:
    "Spread new connections by least connections (least_conn; balance leastconn; least outstanding requests), and let connections end after a while (a lifetime with jitter), so that there is something to spread.",
  signs: [{ fact: "balance@final", weight: 3 }],
  caughtBy: { scenario: "scale-in-out", check: "balance" },
  apply: (healthy) => ({ ...healthy, balance: "round-robin" }),
};
export default defect;
