import { showIdentity } from "../../scenarios/model/identity.ts";
import { type Absence, absencesOf } from "../absences.ts";
import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";

/** B51: whoever was away begins at the live head. Where clients ask for no replay that is as it should be. */
const feature: Feature = {
  name: "absence-never-replayed",
  summary: "nothing of what was said in a client's absence came to it afterwards",
  find(record) {
    const absences = absencesOf(record).filter(({ missed }) => missed.length > 0);
    if (absences.some(({ replayed }) => replayed.length > 0)) return [];
    return absences.slice(0, 10).map(tell);
  },
};
export default feature;

function tell({ before, after, missed }: Absence) {
  const [first] = missed;
  return {
    text: `client ${before.client} was away from ${show(before.toMs)} to ${show(after.askedMs)} ms and never got the ${plural(missed.length, "message")} of that time`,
    atMs: before.toMs,
    client: before.client,
    server: after.server,
    ...(first ? { message: showIdentity(first.publisher, first.slot) } : {}),
  };
}
