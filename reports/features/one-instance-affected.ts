import type { Feature } from "../feature.ts";
import { plural } from "../measure.ts";
import { serverOfTarget } from "../whereabouts.ts";

/** Fewer may lie together by chance. */
const FEWEST = 8;

/** A cause that sits in one instance, where the others have the same load and show nothing. */
const feature: Feature = {
  name: "one-instance-affected",
  summary: "every case that was found is on one instance, and no fault acted on that one alone",
  find(record, report) {
    const cases = report.judgements.flatMap(({ verdict }) =>
      verdict.status === "breached" ? verdict.counterexamples : [],
    );
    const servers = new Set(cases.flatMap(({ server }) => server ?? []));
    const [only] = servers;
    const seen = new Set(record.ledger.windows.map(({ server }) => server));
    const aimedAt = record.plan.timeline.some(({ target }) => serverOfTarget(target) === only);
    if (cases.length < FEWEST || servers.size !== 1 || only === undefined || seen.size < 2 || aimedAt)
      return [];
    return [
      { text: `all ${plural(cases.length, "case")} on ${only}, of ${seen.size} instances`, server: only },
      ...cases.slice(0, 5),
    ];
  },
};
export default feature;
