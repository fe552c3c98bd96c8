import type { Invariant } from "../scenarios/model/scenario.ts";
import type { Observation } from "../scenarios/model/telemetry.ts";
import type { Check } from "./check.ts";
import { plural, show } from "./measure.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { Counterexample, Verdict } from "./verdict.ts";
import { messageSpan, type Phase, phasesOf } from "./windows.ts";

export interface ExamCheck {
  readonly name: string;
  readonly summary: string;
  readonly invariant: Invariant;
  /** Rows beside the invariant. */
  readonly requirement: readonly string[];
  /** What the examiners of our scenarios look at. */
  readonly explain: string;
}

/**
 * A check of what examiners saw: every answer to a question about this invariant must be as expected, and every
 * examiner must have answered every question that it was given. Judged in the phases in which something was seen, and
 * in the last one, where the questions without an answer make it unknown.
 */
export function examCheck({ name, summary, invariant, requirement, explain }: ExamCheck): Check {
  return {
    name,
    summary,
    requirement: [invariant, ...requirement],
    unit: "answers",
    limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
    explain: `${explain} Measured are the answers that are not as expected; limit 0. A question that nobody answered makes it unknown.`,
    hasToSay(record, phase) {
      if (seenIn(record, phase, invariant).length > 0) return true;
      return isLast(record, phase) && unanswered(record, invariant).length > 0;
    },
    judge(record, phase, limit) {
      const seen = seenIn(record, phase, invariant);
      const wrong = seen.filter(({ holds }) => !holds);
      if (wrong.length > limit) return breached(seen, wrong);
      const missing = isLast(record, phase) ? unanswered(record, invariant) : [];
      if (missing.length > 0) return { status: "unknown", why: missing.join("; "), samples: seen.length };
      if (seen.length === 0) return { status: "unknown", why: "nothing was asked in this phase", samples: 0 };
      return { status: "met", measured: wrong.length, samples: seen.length };
    },
  };
}

/** What was asked about an invariant and not answered, one sentence each. */
function unanswered({ plan, ledger }: RunRecord, invariant: Invariant): string[] {
  const answered = new Set(ledger.observations.map(({ client, about }) => `${client} ${about}`));
  const missing: string[] = [];
  let first = 0;
  for (const { name, clients, asks = [] } of plan.roles) {
    for (const { about } of asks.filter((question) => question.invariant === invariant)) {
      const silent = Array.from({ length: clients }, (_, i) => first + i).filter(
        (client) => !answered.has(`${client} ${about}`),
      );
      if (silent.length > 0)
        missing.push(`${plural(silent.length, "examiner")} (${name}) never said: ${about}`);
    }
    first += clients;
  }
  return missing;
}

/** An answer needs no warm-up to be wrong: what came before the first judged phase is judged there. */
function seenIn(record: RunRecord, phase: Phase, invariant: Invariant): Observation[] {
  const { fromMs, toMs } = messageSpan(record, phase);
  return record.ledger.observations.filter(
    (one) => one.invariant === invariant && fromMs <= one.atMs && one.atMs < toMs,
  );
}

function isLast(record: RunRecord, phase: Phase): boolean {
  return phasesOf(record).at(-1)?.name === phase.name;
}

function breached(seen: readonly Observation[], wrong: readonly Observation[]): Verdict {
  const about = [...new Set(wrong.map((one) => one.about))].join(", ");
  return {
    status: "breached",
    measured: wrong.length,
    samples: seen.length,
    why: `${show(wrong.length)} of ${plural(seen.length, "answer")} not as expected: ${about}`,
    counterexamples: wrong.map(evidence),
  };
}

function evidence({ about, expected, seen, atMs, client, server }: Observation): Counterexample {
  return {
    text: `${about}: expected ${expected}; seen: ${seen}`,
    atMs,
    client,
    ...(server === undefined ? {} : { server }),
  };
}
