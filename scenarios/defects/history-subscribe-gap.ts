import type { ClientDefect } from "../model/client-defect.ts";

/** B54: history, then the topic, and nothing that holds the two together. */
const historySubscribeGap: ClientDefect = {
  name: "history-subscribe-gap",
  summary:
    "clients fetch a room's history and subscribe to it afterwards: what is said between the two is lost",
  requirement: ["B54"],
  wave: 1,
  inProduction:
    "In busy rooms a few messages are missing right where the history ends, differently for each who joins; a reload brings them.",
  remedy:
    "Subscribe from the history's last sequence on, or subscribe first and drop from the history what came already.",
  signs: [
    { fact: "about:history-meets-live", weight: 5 },
    { fact: "catch-up", weight: 1 },
    { fact: "no-lost-message@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "history-then-subscribe", check: "catch-up" },
  params: { join: "history-then-topic" },
};
export default historySubscribeGap;
