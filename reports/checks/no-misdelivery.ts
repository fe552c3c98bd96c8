import { findIdentity, identityPrefix, showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { countOf, plural, show } from "../measure.ts";
import { eachSend, sendOf } from "../oddities.ts";
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
    "A message that nobody sent counts too, unless reports of the load are missing, since its SEND may be in those; and",
    "so does one on a subscription that its client never asked for. Messages without an identity of this run are told,",
    "not judged: whose they are the record does not say.",
  ].join(" "),
  judge(record, phase, limit) {
    const { strays, delivered, untraceable, foreign } = compare(record, phase);
    const samples = delivered;
    const measured = strays.length;
    const notes = [
      untraceable > 0
        ? `${plural(untraceable, "delivery", "deliveries")} of messages whose way the record does not tell`
        : [],
      foreign > 0 ? `${plural(foreign, "message")} that ${foreign === 1 ? "is" : "are"} not of this run` : [],
    ].flat();
    const note = notes.length > 0 ? { note: notes.join("; ") } : {};
    if (samples === 0) {
      const why = ["nothing was delivered in this phase", ...notes].join("; ");
      return { status: "unknown", why, samples };
    }
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
        const to = window
          ? `client ${window.client} on ${window.server}, subscribed to ${window.destination}`
          : "a client that had not subscribed";
        return {
          text: `${message}, ${origin}, came to ${to}`,
          ...(send ? { atMs: send.sentMs } : {}),
          message,
          ...(window ? { client: window.client, server: window.server } : {}),
          ...(fault === undefined ? {} : { fault }),
        };
      }),
      ...note,
    };
  },
};
export default check;

interface Stray {
  /** Absent where the client had not asked for anything. */
  readonly window?: SubscriptionWindow;
  readonly publisher: number;
  readonly slot: number;
  readonly send?: Send;
}

interface Compared {
  readonly strays: readonly Stray[];
  readonly delivered: number;
  /** Whose SEND, destination or subscription is not in the record. */
  readonly untraceable: number;
  /** Without an identity of this run. */
  readonly foreign: number;
}

function compare(record: RunRecord, phase: Phase): Compared {
  const { ledger, plan } = record;
  const { fromMs, toMs } = messageSpan(record, phase);
  const inPhase = (atMs: number): boolean => atMs >= fromMs && atMs < toMs;
  const route = routeOf(plan.scenario.params);
  const mayMissSends = record.torn.length > 0 || isAnyVuCutOff(record);
  const strays: Stray[] = [];
  let delivered = 0;
  let untraceable = 0;
  for (const [subscription, publishers] of ledger.received) {
    const window = ledger.windowOf.get(subscription);
    for (const [publisher, slots] of publishers) {
      eachSend(record, publisher, slots, (slot, send) => {
        // When a message that nobody sent came is not recorded; its subscription's beginning must do.
        if (!inPhase(send?.intendedMs ?? window?.fromMs ?? 0)) return;
        delivered++;
        const meantFor = send && route(send.destination);
        if (!send && !mayMissSends) strays.push({ ...(window ? { window } : {}), publisher, slot });
        else if (!send || meantFor === undefined || !window) untraceable++;
        else if (meantFor !== window.destination) strays.push({ window, publisher, slot, send });
      });
    }
  }
  const { unasked, others } = unlisted(record, inPhase);
  return {
    strays: [...strays, ...unasked].sort(
      (a, b) => timeOf(a) - timeOf(b) || a.publisher - b.publisher || a.slot - b.slot,
    ),
    delivered: delivered + unasked.length,
    untraceable,
    foreign: others + countOf(record, "foreignDropped", fromMs, toMs),
  };
}

function timeOf({ send, window }: Stray): number {
  return send?.sentMs ?? window?.fromMs ?? 0;
}

/** Messages that no ledger of a subscription holds: on none that was asked for, or without our identity. */
function unlisted(
  record: RunRecord,
  inPhase: (atMs: number) => boolean,
): { unasked: Stray[]; others: number } {
  const prefix = identityPrefix(record.plan.nonce);
  const unasked: Stray[] = [];
  let others = 0;
  for (const oddity of record.ledger.oddities) {
    if (oddity.what !== "foreign") continue;
    const identity = oddity.subscription < 0 ? findIdentity(oddity.text, prefix) : undefined;
    const send = identity && sendOf(record, identity.publisher, identity.slot);
    if (!inPhase(send?.intendedMs ?? oddity.atMs)) continue;
    if (!identity) others++;
    else unasked.push({ publisher: identity.publisher, slot: identity.slot, ...(send ? { send } : {}) });
  }
  return { unasked, others };
}

/** A report is written in steps: what came meanwhile is in it, and its SEND in the next, which may never have come. */
function isAnyVuCutOff({ ledger: { flushTimes, byes } }: RunRecord): boolean {
  return [...flushTimes.keys()].some((vu) => !byes.some((bye) => bye.vu === vu));
}
