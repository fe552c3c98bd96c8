import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import { deliveredIn, phantomsAmong } from "../phantoms.ts";
import { contains } from "../record/intervals.ts";
import type { RunRecord, Send, SubscriptionWindow } from "../record/run-record.ts";
import { connectionsOf } from "../whereabouts.ts";
import { faultInForce, faultSpans, messageSpan } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "no-phantom",
  summary: "every message that any client saw is in the database",
  requirement: ["INV-DURABLE", "B38"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "After the load has ended the store is asked which messages of this run it holds, by the id that the client gave",
    "or by the identity in what was said; every identity that any subscriber received must be among them (INV-DURABLE). Limit 0. A message belongs to the phase in which it was",
    "intended. Without an answer of the store the check is unknown: it cannot be had of an external system, nor of a",
    "run that was cut off. It compares identities, not the stored text.",
  ].join(" "),
  judge(record, phase, limit) {
    const { audit } = record;
    if (!audit) return { status: "unknown", why: "the record holds no audit of the store", samples: 0 };
    const { fromMs, toMs } = messageSpan(record, phase);
    // Messages that were never sent: no-misdelivery.
    const delivered = deliveredIn(record, fromMs, toMs);
    const samples = delivered.length;
    if (samples === 0) return { status: "unknown", why: "nothing was delivered in this phase", samples };
    const phantoms = phantomsAmong(record, delivered);
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

function firstWitness(record: RunRecord, send: Send): SubscriptionWindow | undefined {
  return record.ledger.windows.find((window) =>
    contains(record.ledger.received.get(window.subscription)?.get(send.publisher) ?? [], send.slot),
  );
}
