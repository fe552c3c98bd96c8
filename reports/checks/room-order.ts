import type { Check } from "../check.ts";
import { gapsIn } from "../gaps.ts";
import { countOf, plural } from "../measure.ts";
import { judgeOdd } from "../odd-verdict.ts";
import { messageSpan } from "../windows.ts";

const check: Check = {
  name: "room-order",
  summary: "in every room each subscriber sees the messages in the room's order",
  requirement: ["INV-ORDER"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "Each delivery is compared with the one before it in its room, for each subscription: by the room's sequence",
    "number where the server gives one, else by the slot within each publisher. A step backwards is an inversion;",
    "limit 0 (INV-ORDER). A gap in the numbers is none: it is told here and judged by no-gap, and what is missing by",
    "no-lost-message. What strayed in from another room is compared within that room. Cases over the engine's cap are",
    "counted by the time at which they came.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = messageSpan(record, phase);
    const missing = gapsIn(record, fromMs, toMs).gaps;
    return judgeOdd(record, phase, limit, {
      what: "inversion",
      compared: {
        count: countOf(record, "ordered", fromMs, toMs),
        one: "compared delivery",
        many: "compared deliveries",
      },
      nothing: "no two deliveries of a room could be compared",
      did: "came out of order",
      perhaps: "been out of order",
      detail: () => "",
      notes: missing.length > 0 ? [`${plural(missing.length, "gap")} in the numbers of a room`] : [],
      tell: (message, { sequence, after }) =>
        `${message} (sequence ${sequence}) came after sequence ${after}`,
    });
  },
};
export default check;
