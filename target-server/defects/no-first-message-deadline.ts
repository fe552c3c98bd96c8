import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "no-first-message-deadline",
  summary: "a socket that shook hands and never says CONNECT is kept for ever",
  requirement: ["B10"],
  wave: 1,
  inProduction:
    "Open files grow and grow while the number of users does not; one script that opens sockets and says nothing fills an instance.",
  remedy: "Close every socket that has not sent CONNECT within 30 s of its handshake, with 1008.",
  signs: [
    { fact: "about:silent-socket-closed", weight: 5 },
    { fact: "refusals", weight: 1 },
    { fact: "about:idle-session-stays", weight: -2 },
    { fact: "close-codes", weight: -2 },
  ],
  caughtBy: { scenario: "silent-and-slowloris", check: "refusals" },
  apply: (healthy) => ({ ...healthy, connectIsLate: () => false }),
};

export default defect;
