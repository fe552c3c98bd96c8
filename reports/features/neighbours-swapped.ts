import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Feature } from "../feature.ts";
import { odditiesIn } from "../oddities.ts";

/** What was handled at the same time overtakes by a few places; a counter that was lost falls by far (B68). */
const NEAR = 9;
const MOST = 0.8;

/** B65, B66: messages that were handled side by side overtake each other by a few places. */
const feature: Feature = {
  name: "neighbours-swapped",
  summary: "messages overtake each other by a few places, all along the run",
  find(record) {
    const all = odditiesIn(record, "inversion", Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    const near = all.filter(({ sequence, after }) => after - sequence <= NEAR);
    if (near.length < MOST * all.length) return [];
    return near.slice(0, 10).map(({ subscription, publisher, slot, sequence, after, atMs }) => {
      const at = record.ledger.windowOf.get(subscription);
      const message = showIdentity(publisher, slot);
      return {
        text: `${message} (number ${sequence}) came after number ${after} to client ${at?.client ?? "?"}`,
        atMs,
        message,
        ...(at ? { client: at.client, server: at.server } : {}),
      };
    });
  },
};
export default feature;
