import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "user-send-local-only",
  summary: "what is for one user is looked up among the connections of one instance",
  requirement: ["B43"],
  wave: 2,
  inProduction:
    "Private messages arrive when both users happen to be on the same instance, and otherwise never: it looks like a coin toss.",
  remedy:
    "Send what is for a user through the relay to all instances, or to the one that a shared registry names.",
  signs: [
    { fact: "reaches-everyone", weight: 1 },
    { fact: "about:dm-reaches-recipient-elsewhere", weight: 5 },
    { fact: "about:dm-echoed-to-sender", weight: 1 },
    { fact: "about:dm-reaches-recipient-here", weight: -5 },
    { fact: "no-lost-message@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "private-cross-instance", check: "reaches-everyone" },
  apply: (healthy) => ({
    ...healthy,
    pushToUser:
      ({ local }) =>
      async (event) => {
        local(event);
        return "delivered";
      },
  }),
};

export default defect;
