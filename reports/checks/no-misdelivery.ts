import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import { sendOf } from "../oddities.ts";
import { values } from "../record/intervals.ts";
import type { RunRecord, Send, SubscriptionWindow } from "../record/run-record.ts";
import { routeOf } from "../whereabouts.ts";
import { faultInForce, faultSpans, messageSpan, type Phase } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "no-misdelivery",
  summary: "nobody receives a message of another room, or one that nobody sent",
  requirement: ["INV-ISOLATE"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "Each message that a subscription received must have been sent to that subscription's destination (INV-ISOLATE);",
    "the way from the SEND's destination to the subscription's follows from the scenario's two templates. Limit 0.",
    "A message that nobody sent counts too, unless reports of the load are missing, since its SEND may be in those.",
  ].join(" "),
  judge(record, phase, limit) {
    const { strays, delivered, untraceable } = compare(record, phase);
    const samples = delivered;
    const measured = strays.length;
    const note =
      untraceable > 0
        ? {
            note: `${plural(untraceable, "delivery", "deliveries")} of messages whose way the record does not tell`,
          }
        : {};
    if (samples === 0) return { status: "unknown", why: "nothing was delivered in this phase", samples };
    if (measured <= limit) return { status: "met", measured, samples, ...note };
    const spans = faultSpans(record);
    return {
      status: "breached",
      measured,
      samples,
      why: `${show(measured)} of ${plural(samples, "delivery", "deliveries")} went to somebody they were not meant for`,
      counterexamples: strays.slice(0, EVIDENCE).map(({ window, publisher, slot, send }) => {
        const message = showIdentity(publisher, slot);
        const fault = send && faultInForce(spans, send.sentMs);
        const origin = send ? `sent to ${send.destination}` : "sent by nobody";
        return {
          text: `${message}, ${origin}, came to client ${window.client} on ${window.server}, subscribed to ${window.destination}`,
          ...(send ? { atMs: send.sentMs } : {}),
          message,
          client: window.client,
          server: window.server,
          ...(fault === undefined ? {} : { fault }),
        };
      }),
      ...note,
    };
  },
};
export default check;

interface Stray {
  readonly window: SubscriptionWindow;
  readonly publisher: number;
  readonly slot: number;
  readonly send?: Send;
}

function compare(
  record: RunRecord,
  phase: Phase,
): { strays: Stray[]; delivered: number; untraceable: number } {
  const { ledger, plan } = record;
  const { fromMs, toMs } = messageSpan(record, phase);
  const inPhase = (atMs: number): boolean => atMs >= fromMs && atMs < toMs;
  const route = routeOf(plan.scenario.params);
  const mayMissSends = record.torn.length > 0;
  const strays: Stray[] = [];
  let delivered = 0;
  let untraceable = 0;
  for (const window of ledger.windows) {
    for (const [publisher, slots] of ledger.received.get(window.subscription) ?? []) {
      for (const slot of values(slots)) {
        const send = sendOf(record, publisher, slot);
        // When a message that nobody sent came is not recorded; its subscription's beginning must do.
        if (!inPhase(send?.intendedMs ?? window.fromMs)) continue;
        delivered++;
        const meantFor = send && route(send.destination);
        if (!send && !mayMissSends) strays.push({ window, publisher, slot });
        else if (!send || meantFor === undefined) untraceable++;
        else if (meantFor !== window.destination) strays.push({ window, publisher, slot, send });
      }
    }
  }
  return { strays, delivered, untraceable };
}
