import type { Defect } from "../defect.ts";

/** Long enough for 12 MB: what the kernels and a proxy hold for one connection is 8 to 9 MB (E64). */
const SHORT = { clients: 30, rampMs: 3_000, slowForMs: 16_000, holdMs: 28_000 };

const defect: Defect = {
  name: "unbounded-send-buffer",
  summary: "what a client does not read is kept for it in memory without any limit",
  requirement: ["B101"],
  wave: 1,
  inProduction:
    "One phone in a tunnel costs megabytes a minute; with a few hundred of them an instance dies of memory, and takes everybody with it.",
  remedy:
    "Limit what waits for one client in bytes, messages and age, and close it with 1013 beyond; it gets what it missed when it comes back.",
  signs: [
    { fact: "evicted", weight: 4 },
    { fact: "feature:slow-reader-present", weight: 1 },
    { fact: "about:own-messages-keep-up", weight: -4 },
    { fact: "delivery-p99@baseline", weight: -2 },
    { fact: "no-lost-message", weight: -2 },
  ],
  caughtBy: { scenario: "slow-reader", params: SHORT, check: "evicted" },
  apply: (healthy) => ({ ...healthy, evict: () => undefined }),
};

export default defect;
