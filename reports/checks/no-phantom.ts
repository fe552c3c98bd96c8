import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import { eachSend } from "../oddities.ts";
import { contains, normalise, union } from "../record/intervals.ts";
import type { Intervals, RunRecord, Send, SubscriptionWindow } from "../record/run-record.ts";
import { connectionsOf } from "../whereabouts.ts";
import { faultInForce, faultSpans, messageSpan, type Phase } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "no-phantom",
  summary: "every message that any client saw is in the database",
  requirement: ["INV-DURABLE", "B38"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "After the load has ended the store is asked which messages of this run it holds; every identity that any",
    "subscriber received must be among them (INV-DURABLE). Limit 0. A message belongs to the phase in which it was",
    "intended. Without an answer of the store the check is unknown: it cannot be had of an external system, nor of a",
    "run that was cut off. It compares identities, not the stored text.",
  ].join(" "),
  judge(record, phase, limit) {
    const { audit } = record;
    if (!audit) return { status: "unknown", why: "the record holds no audit of the store", samples: 0 };
    const delivered = deliveredIn(record, phase);
    const samples = delivered.length;
    if (samples === 0) return { status: "unknown", why: "nothing was delivered in this phase", samples };
    const stored = storedSlots(record);
    const phantoms = delivered.filter(({ publisher, slot }) => !contains(stored.get(publisher) ?? [], slot));
    const measured = phantoms.length;
    if (measured <= limit) return { status: "met", measured, samples };
    const serverOf = connectionsOf(record);
    const spans = faultSpans(record);
    return {
      status: "breached",
      measured,
      samples,
      why: `${show(measured)} of ${plural(samples, "delivered message")} are not in ${audit.source}`,
      counterexamples: phantoms.slice(0, EVIDENCE).map((send) => {
        const message = showIdentity(send.publisher, send.slot);
        const origin = serverOf(send.publisher, send.sentMs) ?? "an unknown server";
        const witness = firstWitness(record, send);
        const fault = faultInForce(spans, send.sentMs);
        const seen = witness ? `seen by client ${witness.client} on ${witness.server}` : "delivered";
        return {
          text: `${message} by client ${send.publisher} on ${origin} (${send.outcome}), ${seen}, was never stored`,
          atMs: send.sentMs,
          message,
          ...(witness ? { client: witness.client } : {}),
          server: origin,
          ...(fault === undefined ? {} : { fault }),
        };
      }),
    };
  },
};
export default check;

/** The distinct messages of the phase that somebody received, by intended time. Never-sent ones: no-misdelivery. */
function deliveredIn(record: RunRecord, phase: Phase): Send[] {
  const { fromMs, toMs } = messageSpan(record, phase);
  const ofPublisher = new Map<number, Intervals[]>();
  for (const own of record.ledger.received.values()) {
    for (const [publisher, slots] of own) {
      const all = ofPublisher.get(publisher);
      if (all) all.push(slots);
      else ofPublisher.set(publisher, [slots]);
    }
  }
  const delivered: Send[] = [];
  for (const [publisher, all] of ofPublisher) {
    eachSend(record, publisher, union(all), (_, send) => {
      if (send && send.intendedMs >= fromMs && send.intendedMs < toMs) delivered.push(send);
    });
  }
  return delivered.sort((a, b) => a.intendedMs - b.intendedMs || a.publisher - b.publisher);
}

function storedSlots(record: RunRecord): ReadonlyMap<number, Intervals> {
  const runs = new Map<number, [number, number][]>();
  for (const [publisher, from, to] of record.audit?.stored ?? []) {
    const own = runs.get(publisher);
    if (own) own.push([from, to]);
    else runs.set(publisher, [[from, to]]);
  }
  return new Map([...runs].map(([publisher, own]) => [publisher, normalise(own)]));
}

function firstWitness(record: RunRecord, send: Send): SubscriptionWindow | undefined {
  return record.ledger.windows.find((window) =>
    contains(record.ledger.received.get(window.subscription)?.get(send.publisher) ?? [], send.slot),
  );
}
