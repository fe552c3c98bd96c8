import { absencesOf } from "../absences.ts";
import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";

/**
 * B63: while nobody had noticed that a client was gone it counted as online, so nothing was kept for it; what was said
 * after that came to it when it was back.
 */
const feature: Feature = {
  name: "silence-not-replayed",
  summary:
    "what was said between a client's last sign of life and the end of its connection never came to it, and what was said after that did",
  find(record) {
    const absences = absencesOf(record);
    const keepsLater = absences.some(({ replayed }) => replayed.length > 0);
    const lost = absences.filter(({ silent, silentReplayed }) => silent.length > silentReplayed.length);
    if (!keepsLater) return [];
    return lost.slice(0, 10).map(({ before, after, silent, silentReplayed }) => ({
      text: `client ${before.client}, last heard at ${show(before.heardMs)} ms and gone at ${show(before.toMs)} ms, never got ${plural(silent.length - silentReplayed.length, "message")} of that time`,
      atMs: before.heardMs,
      client: before.client,
      server: after.server,
    }));
  },
};
export default feature;
