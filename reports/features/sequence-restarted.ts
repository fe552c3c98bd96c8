import type { Feature } from "../feature.ts";
import { odditiesIn } from "../oddities.ts";

/** A counter that begins anew gives 1 first; a subscriber may miss a few of the first. */
const FIRST_NUMBERS = 5;
/** A late message of a young room may have a small number as well. */
const FALL_MIN = 10;

/** B68: the room's counter was lost and began at 1 again; a client that keeps the highest number drops all that comes. */
const feature: Feature = {
  name: "sequence-restarted",
  summary: "a room's numbers began again near 1 after they had been far above it",
  find(record) {
    return odditiesIn(record, "inversion", Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
      .filter(({ sequence, after }) => sequence <= FIRST_NUMBERS && after - sequence >= FALL_MIN)
      .slice(0, 10)
      .map(({ subscription, sequence, after, atMs }) => {
        const at = record.ledger.windowOf.get(subscription);
        return {
          text: `${at?.destination ?? "a room"}: after number ${after} came number ${sequence} to client ${at?.client ?? "?"}`,
          atMs,
          ...(at ? { client: at.client, server: at.server } : {}),
        };
      });
  },
};
export default feature;
