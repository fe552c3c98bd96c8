import type { Feature } from "../feature.ts";
import { byMessage, lossesOf, tellLoss } from "../losses.ts";

/** B48: a fan-out that broke off in the middle. A relay that fails loses a whole instance's share, never a part of it. */
const feature: Feature = {
  name: "loss-within-one-instance",
  summary: "of the subscribers of one and the same instance some got a message and others did not",
  find(record) {
    const { lost, received } = lossesOf(record);
    const reached = byMessage(received);
    const partial = lost.filter(({ send, to }) =>
      (reached.get(`${send.publisher}#${send.slot}`) ?? []).some((got) => got.to === to),
    );
    return partial.slice(0, 10).map(tellLoss);
  },
};
export default feature;
