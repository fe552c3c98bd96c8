import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Feature } from "../feature.ts";
import { odditiesIn } from "../oddities.ts";

/** B44, B52, B132: one message, sent out more than once. */
const feature: Feature = {
  name: "duplicates-with-same-number",
  summary: "the copies have the number of the message itself: it was taken once and delivered twice",
  find(record) {
    return odditiesIn(record, "duplicate", Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
      .filter(({ rendered }) => rendered === false)
      .slice(0, 10)
      .map(({ atMs, publisher, slot, subscription }) => {
        const message = showIdentity(publisher, slot);
        const at = record.ledger.windowOf.get(subscription);
        return {
          text: `${message} came to client ${at?.client ?? "?"} twice under one number`,
          atMs,
          message,
          ...(at ? { client: at.client, server: at.server } : {}),
        };
      });
  },
};
export default feature;
