import { showIdentity } from "../scenarios/model/identity.ts";
import type { Evidence } from "./feature.ts";
import { show } from "./measure.ts";
import { eachSend } from "./oddities.ts";
import { contains, normalise, union } from "./record/intervals.ts";
import type { Intervals, RunRecord, Send } from "./record/run-record.ts";

/** As many cases as a feature shows. */
const EVIDENCE = 10;

/** The distinct messages intended in [fromMs, toMs) that somebody received, by intended time. */
export function deliveredIn(record: RunRecord, fromMs: number, toMs: number): Send[] {
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

/** Of these, the ones that the store does not hold; none where it was not asked. */
export function phantomsAmong(record: RunRecord, delivered: readonly Send[]): Send[] {
  if (!record.audit) return [];
  const stored = storedSlots(record);
  return delivered.filter(({ publisher, slot }) => !contains(stored.get(publisher) ?? [], slot));
}

/** Some of those among all that was delivered whose sender was told this, as the evidence of a feature. */
export function phantomsTold(record: RunRecord, isMeant: (outcome: Send["outcome"]) => boolean): Evidence[] {
  const delivered = deliveredIn(record, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  return phantomsAmong(record, delivered)
    .filter(({ outcome }) => isMeant(outcome))
    .slice(0, EVIDENCE)
    .map(({ publisher, slot, sentMs, outcome }) => {
      const message = showIdentity(publisher, slot);
      const text = `${message} of ${show(sentMs)} ms was seen and never stored; its sender was told: ${outcome}`;
      return { text, atMs: sentMs, message };
    });
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
