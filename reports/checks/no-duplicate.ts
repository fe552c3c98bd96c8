import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { countOf, histogramOf, plural, show } from "../measure.ts";
import { odditiesIn } from "../oddities.ts";
import { faultInForce, faultSpans, messageSpan } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "no-duplicate",
  summary: "nobody receives the same message twice on one subscription",
  requirement: ["INV-DUP"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "Raw duplicates by message identity, for each subscription; a reconnected client has a new subscription. Limit 0:",
    "without a resume there is no reason for one (INV-DUP). A duplicate belongs to the phase in which its message was",
    "intended. The engine lists single cases up to a cap and counts the rest; if it had to drop cases and none of",
    "those listed is a duplicate, the check is unknown.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = messageSpan(record, phase);
    const samples = histogramOf(record, "delivery", fromMs, toMs).total;
    if (samples === 0) return { status: "unknown", why: "nothing was delivered in this phase", samples };
    const duplicates = odditiesIn(record, "duplicate", fromMs, toMs);
    const dropped = countOf(record, "odditiesDropped", fromMs, toMs);
    if (duplicates.length <= limit && dropped > 0) {
      const why = `${plural(dropped, "irregular delivery", "irregular deliveries")} could not be listed and may have been duplicates`;
      return { status: "unknown", why, samples, measured: duplicates.length };
    }
    if (duplicates.length <= limit) return { status: "met", measured: duplicates.length, samples };
    const spans = faultSpans(record);
    const unlisted =
      dropped > 0 ? { note: `${show(dropped)} more irregular deliveries were not listed` } : {};
    return {
      status: "breached",
      measured: duplicates.length,
      samples,
      why: `${show(duplicates.length)} of ${plural(samples, "delivery", "deliveries")} came more than once`,
      counterexamples: duplicates.slice(0, EVIDENCE).map(({ atMs, subscription, publisher, slot }) => {
        const message = showIdentity(publisher, slot);
        const window = record.ledger.windowOf.get(subscription);
        const fault = faultInForce(spans, atMs);
        return {
          text: `${message} came again to client ${window?.client ?? "?"} on ${window?.server ?? "an unknown server"}`,
          atMs,
          message,
          ...(window ? { client: window.client, server: window.server } : {}),
          ...(fault === undefined ? {} : { fault }),
        };
      }),
      ...unlisted,
    };
  },
};
export default check;
