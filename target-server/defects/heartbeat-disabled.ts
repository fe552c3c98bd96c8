import type { Defect } from "../defect.ts";

/** `0,0` is what many brokers offer unless they are told otherwise. */
const defect: Defect = {
  name: "heartbeat-disabled",
  summary: "CONNECTED offers no heart-beats: neither side ever notices that the other is gone",
  requirement: ["B2"],
  wave: 1,
  inProduction:
    "Quiet users are cut off by every balancer on the way after its idle time-out, and the sessions of phones that went into a tunnel stay in the server for hours.",
  remedy:
    "Offer heart-beats in both directions (25 s is customary), shorter than the shortest idle time-out on the way.",
  signs: [
    { fact: "about:heart-beat-offered", weight: 5 },
    { fact: "orderly-close", weight: 1 },
    { fact: "refusals", weight: -2 },
  ],
  caughtBy: { scenario: "conformance-smoke", check: "orderly-close" },
  apply: (healthy) => ({ ...healthy, offerBeat: () => ({ sendsMs: 0, wantsMs: 0 }) }),
};

export default defect;
