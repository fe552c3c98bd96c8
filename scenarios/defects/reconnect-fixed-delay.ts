import type { ClientDefect } from "../model/client-defect.ts";

/** B16: all clients retry one second after the drop and arrive as one herd. */
const reconnectFixedDelay: ClientDefect = {
  name: "reconnect-fixed-delay",
  summary: "all clients retry at the same moment after a drop: a fixed delay without jitter",
  requirement: ["B16"],
  wave: 1,
  inProduction:
    "When one instance goes, all of its clients knock at the others in the same second, 502s and timeouts follow, and they all come again a second later.",
  remedy:
    "Wait a random time from the whole of a growing window (full jitter) before the first retry and before every other one.",
  signs: [
    { fact: "reconnect-spread", weight: 3 },
    { fact: "feature:retry-delay-fixed", weight: 5 },
    { fact: "feature:retry-delay-narrow", weight: -3 },
  ],
  caughtBy: { scenario: "reconnect-storm", check: "reconnect-spread" },
  params: { reconnect: "fixed" },
};
export default reconnectFixedDelay;
