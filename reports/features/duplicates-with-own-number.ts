import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Feature } from "../feature.ts";
import { odditiesIn } from "../oddities.ts";

/** B56, B77, B216: accepted twice, so it is two messages for the system. A copy made on the way has the same number. */
const feature: Feature = {
  name: "duplicates-with-own-number",
  summary: "the copies have numbers of their own in the room: the system took one message for two",
  find(record) {
    return odditiesIn(record, "duplicate", Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
      .filter(({ rendered }) => rendered === true)
      .slice(0, 10)
      .map(({ atMs, publisher, slot, subscription }) => {
        const message = showIdentity(publisher, slot);
        const at = record.ledger.windowOf.get(subscription);
        return {
          text: `${message} came to client ${at?.client ?? "?"} under two numbers`,
          atMs,
          message,
          ...(at ? { client: at.client, server: at.server } : {}),
        };
      });
  },
};
export default feature;
