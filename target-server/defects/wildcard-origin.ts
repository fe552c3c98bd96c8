import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "wildcard-origin",
  summary: "every web page may open a WebSocket here",
  requirement: ["B139"],
  wave: 1,
  inProduction:
    "Nothing is seen, until a foreign page that a logged-in user visits reads and writes in that user's name: the browser sends the cookie along.",
  remedy: "Compare the Origin of the handshake with an exact list and refuse the rest with 403; never use *.",
  signs: [
    { fact: "about:foreign-origin-refused", weight: 5 },
    { fact: "refusals", weight: 1 },
    { fact: "about:oversize-closed-1009", weight: -2 },
    { fact: "about:missing-token-refused", weight: -2 },
  ],
  caughtBy: { scenario: "conformance-smoke", check: "refusals" },
  apply: (healthy) => ({ ...healthy, acceptOrigin: () => true }),
};

export default defect;
