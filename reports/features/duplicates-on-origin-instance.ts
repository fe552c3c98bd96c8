import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Feature } from "../feature.ts";
import { odditiesIn } from "../oddities.ts";
import { connectionsOf } from "../whereabouts.ts";

/** B44: delivered at home at once, and again when it comes back from the relay. */
const feature: Feature = {
  name: "duplicates-on-origin-instance",
  summary: "only clients of the sender's own instance get a message twice",
  find(record) {
    const serverOf = connectionsOf(record);
    const all = odditiesIn(record, "duplicate", Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    const servers = new Set(record.ledger.windows.map(({ server }) => server));
    const told = all.map(({ subscription, publisher, slot, atMs }) => {
      const at = record.ledger.windowOf.get(subscription);
      return { at, atMs, message: showIdentity(publisher, slot), from: serverOf(publisher, atMs) };
    });
    const isHome = told.every(({ at, from }) => at !== undefined && at.server === from);
    if (!isHome || servers.size < 2) return [];
    return told.slice(0, 10).map(({ at, atMs, message, from }) => ({
      text: `${message}, accepted by ${from}, came twice to client ${at?.client} on the same instance`,
      atMs,
      message,
      ...(at ? { client: at.client, server: at.server } : {}),
    }));
  },
};
export default feature;
