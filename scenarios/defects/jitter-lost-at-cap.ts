import type { ClientDefect } from "../model/client-defect.ts";

const jitterLostAtCap: ClientDefect = {
  name: "jitter-lost-at-cap",
  summary: "the cap of the back-off cuts the jitter off as well: after a long outage every delay is the cap",
  requirement: ["B18"],
  wave: 1,
  inProduction:
    "After an outage of a minute the clients knock in a comb, once every 30 s and never between, and the first instance that comes back gets all of them at once.",
  remedy: "Cap the exponential first and draw from what is left: random() * min(cap, base * 2^n).",
  signs: [
    { fact: "retry-jitter", weight: 3 },
    { fact: "feature:retry-comb-at-cap", weight: 5 },
    { fact: "reconnect-spread", weight: -3 },
    { fact: "feature:retry-delay-fixed", weight: -1 },
  ],
  caughtBy: { scenario: "long-outage", check: "retry-jitter" },
  params: { reconnect: "jitter-inside-cap" },
};
export default jitterLostAtCap;
