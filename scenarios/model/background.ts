import { chatParams } from "./chat.ts";

/**
 * A small chat that goes on beside an exam: 30 users in rooms of 10 that span all instances, one message a second,
 * so 300 deliveries a second: enough for a p99 of each 4 s (I81), and two such runs fit on two cores.
 */
export const backgroundChat = {
  ...chatParams,
  clients: 30,
  rampMs: 2_000,
  holdMs: 14_000,
};
