import type { Feature } from "../feature.ts";
import { byMessage, lossesOf, tellLoss } from "../losses.ts";

const MOST = 0.8;

/** B28, B40, B41: the message itself is gone; nobody got it, on no instance. B42, B48 and the relay's lose parts. */
const feature: Feature = {
  name: "lost-to-all",
  summary: "what was lost, nobody got: not on any instance",
  find(record) {
    const { lost, received } = lossesOf(record);
    const reached = byMessage(received);
    const messages = [...byMessage(lost)];
    const whole = messages.filter(([message]) => !reached.has(message));
    if (whole.length === 0 || whole.length < MOST * messages.length) return [];
    return whole.slice(0, 10).flatMap(([, [first]]) => (first ? [tellLoss(first)] : []));
  },
};
export default feature;
