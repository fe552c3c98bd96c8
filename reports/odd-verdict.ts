import { showIdentity } from "../scenarios/model/identity.ts";
import { plural, show } from "./measure.ts";
import { droppedIn, type Odd, odditiesIn } from "./oddities.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { Verdict } from "./verdict.ts";
import { faultInForce, faultSpans, messageSpan, type Phase } from "./windows.ts";

const EVIDENCE = 10;

type Kind = "duplicate" | "inversion";

/** What a check says of one kind of oddity; how it is counted, bounded and shown is the same for all. */
export interface OddQuestion<What extends Kind> {
  readonly what: What;
  /** Deliveries of the phase that could have been odd. */
  readonly compared: { readonly count: number; readonly one: string; readonly many: string };
  /** Why nothing can be said when none could. */
  readonly nothing: string;
  /** `came more than once`: what was wrong with those that were. */
  readonly did: string;
  /** What those that were only counted may have been. */
  readonly perhaps: string;
  /** Follows the number in the reason of a breach. */
  readonly detail: (odd: readonly Odd<What>[]) => string;
  /** Told beside it, met or breached. */
  readonly notes: readonly string[];
  /** What happened to `message`, up to the client. */
  readonly tell: (message: string, odd: Odd<What>) => string;
}

/** Judges how many oddities of a kind a phase has: listed ones, and those that the engine only counted. */
export function judgeOdd<What extends Kind>(
  record: RunRecord,
  phase: Phase,
  limit: number,
  question: OddQuestion<What>,
): Verdict {
  const { what, compared, did } = question;
  const { fromMs, toMs } = messageSpan(record, phase);
  const odd = odditiesIn(record, what, fromMs, toMs);
  const dropped = droppedIn(record, what, fromMs, toMs);
  const samples = compared.count;
  const measured = odd.length + dropped.known;
  if (samples === 0 && measured === 0) return { status: "unknown", why: question.nothing, samples };
  if (measured <= limit && dropped.perhaps > 0) {
    const why = `${plural(dropped.perhaps, "irregular delivery", "irregular deliveries")} could not be listed and may have ${question.perhaps}`;
    return { status: "unknown", why, samples, measured };
  }
  const notes = [
    dropped.known > 0 ? `${show(dropped.known)} of them were only counted` : [],
    dropped.perhaps > 0 ? `${show(dropped.perhaps)} more irregular deliveries were not listed` : [],
    question.notes,
  ].flat();
  const note = notes.length > 0 ? { note: notes.join("; ") } : {};
  if (measured <= limit) return { status: "met", measured, samples, ...note };
  const spans = faultSpans(record);
  // A copy may be all that is left of a message in a torn record: then there is nothing to be one of.
  const those =
    samples === 0
      ? plural(measured, compared.one, compared.many)
      : `${show(measured)} of ${plural(samples, compared.one, compared.many)}`;
  return {
    status: "breached",
    measured,
    samples,
    why: `${those} ${did}${question.detail(odd)}`,
    counterexamples: odd.slice(0, EVIDENCE).map((one) => {
      const { atMs, subscription, publisher, slot } = one as Odd<Kind>;
      const message = showIdentity(publisher, slot);
      const window = record.ledger.windowOf.get(subscription);
      const fault = faultInForce(spans, atMs);
      return {
        text: `${question.tell(message, one)} to client ${window?.client ?? "?"} on ${window?.server ?? "an unknown server"}`,
        atMs,
        message,
        ...(window ? { client: window.client, server: window.server } : {}),
        ...(fault === undefined ? {} : { fault }),
      };
    }),
    ...note,
  };
}
