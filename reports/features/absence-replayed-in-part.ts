import { showIdentity } from "../../scenarios/model/identity.ts";
import { absencesOf } from "../absences.ts";
import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";

/** B49, B50, B52, B55: there is a replay, and it leaves something out. */
const feature: Feature = {
  name: "absence-replayed-in-part",
  summary: "a client got some of what was said in its absence afterwards, and some of it never",
  find(record) {
    const partial = absencesOf(record).filter(
      ({ missed, replayed }) => replayed.length > 0 && replayed.length < missed.length,
    );
    return partial.slice(0, 10).map(({ before, after, missed, replayed }) => {
      const lost = missed.find((send) => !replayed.includes(send));
      return {
        text: `client ${before.client} was away from ${show(before.toMs)} to ${show(after.askedMs)} ms and got ${replayed.length} of the ${missed.length} messages of that time`,
        atMs: before.toMs,
        client: before.client,
        server: after.server,
        ...(lost ? { message: showIdentity(lost.publisher, lost.slot) } : {}),
      };
    });
  },
};
export default feature;
