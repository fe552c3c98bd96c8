import type { ClientDefect } from "../model/client-defect.ts";

/** B16: all clients retry one second after the drop and arrive as one herd. */
const reconnectFixedDelay: ClientDefect = {
  name: "reconnect-fixed-delay",
  summary: "all clients retry at the same moment after a drop: a fixed delay without jitter",
  requirement: ["B16"],
  caughtBy: { scenario: "reconnect-storm", check: "reconnect-spread" },
  params: { reconnect: "fixed" },
};
export default reconnectFixedDelay;
