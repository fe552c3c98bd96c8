import type { Feature } from "./feature.ts";
import { plural } from "./measure.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { Judgement, Report } from "./report.ts";
import type { Counterexample } from "./verdict.ts";
import { faultSpans } from "./windows.ts";

/**
 * What became of one question to a judged run: it is so, it is not, or nobody could tell (not judged, not observed,
 * unknown). `breach` says that it is itself something over its limit, and not only a circumstance.
 */
export type Answer =
  | {
      readonly is: "so";
      readonly breach: boolean;
      readonly text: string;
      readonly examples: readonly Counterexample[];
    }
  | { readonly is: "not-so"; readonly text: string }
  | { readonly is: "untold" };

const UNTOLD: Answer = { is: "untold" };
const EXAMPLES = 3;

/** Answers facts (`known-mistake.ts`) of one run, each looked up once. */
export function answersFor(
  report: Report,
  record: RunRecord,
  features: ReadonlyMap<string, Feature>,
): (fact: string) => Answer {
  const known = new Map<string, Answer>();
  const ask = (fact: string): Answer => {
    let answer = known.get(fact);
    if (!answer) {
      answer = answerTo(fact, report, record, features);
      known.set(fact, answer);
    }
    return answer;
  };
  return ask;
}

function answerTo(
  fact: string,
  report: Report,
  record: RunRecord,
  features: ReadonlyMap<string, Feature>,
): Answer {
  if (fact.startsWith("not ")) return opposite(answerTo(fact.slice(4), report, record, features));
  const [, kind, name = ""] = /^(about|feature|fault):(.*)$/.exec(fact) ?? [];
  if (kind === "about") return aboutAnswer(name, record);
  if (kind === "fault") return faultAnswer(name, record);
  if (kind === "feature") return featureAnswer(name, report, record, features);
  return checkAnswer(fact, report);
}

/** `check` or `check@kind of phase`. */
function checkAnswer(fact: string, report: Report): Answer {
  const [check, kind] = fact.split("@");
  const kinds = new Map(report.phases.map((phase) => [phase.name, phase.kind]));
  const own = report.judgements.filter(
    (one) => one.check === check && (kind === undefined || kinds.get(one.phase) === kind),
  );
  const breached = own.filter(({ verdict }) => verdict.status === "breached");
  const worst = breached.sort((a, b) => excess(b) - excess(a))[0];
  if (worst?.verdict.status === "breached") {
    const { phase, verdict } = worst;
    const more = breached.length > 1 ? ` (and in ${plural(breached.length - 1, "more phase")})` : "";
    return {
      is: "so",
      breach: true,
      text: `${check}, ${phase}: ${verdict.why}${more}`,
      examples: verdict.counterexamples.slice(0, EXAMPLES),
    };
  }
  if (own.length === 0 || own.some(({ verdict }) => verdict.status !== "met")) return UNTOLD;
  const where = own.length === 1 ? `in ${own[0]?.phase}` : `in all ${plural(own.length, "phase")}`;
  return { is: "not-so", text: `${check} held ${where}` };
}

function excess({ limit, verdict }: Judgement): number {
  const { measured = 0 } = verdict;
  return limit > 0 ? measured / limit : measured;
}

function aboutAnswer(about: string, record: RunRecord): Answer {
  const all = record.ledger.observations.filter((one) => one.about === about);
  if (all.length === 0) return UNTOLD;
  const wrong = all.filter(({ holds }) => !holds);
  const first = wrong[0];
  if (!first) return { is: "not-so", text: `${about}: all ${plural(all.length, "observation")} held` };
  return {
    is: "so",
    breach: true,
    text: `${about}: expected ${first.expected}, saw ${first.seen} (${wrong.length} of ${plural(all.length, "observation")})`,
    examples: wrong.slice(0, EXAMPLES).map(({ expected, seen, atMs, client, server }) => ({
      text: `expected ${expected}, saw ${seen}`,
      atMs,
      client,
      ...(server === undefined ? {} : { server }),
    })),
  };
}

function faultAnswer(fault: string, record: RunRecord): Answer {
  const spans = faultSpans(record).filter(({ window }) => window.fault === fault);
  const real = spans.filter((span) => span.void === undefined);
  const first = real[0];
  if (first) {
    const text = `${fault} on ${first.window.target} was in force`;
    return { is: "so", breach: false, text, examples: [] };
  }
  return spans.length > 0 ? UNTOLD : { is: "not-so", text: `no ${fault} was injected` };
}

function featureAnswer(
  name: string,
  report: Report,
  record: RunRecord,
  features: ReadonlyMap<string, Feature>,
): Answer {
  const feature = features.get(name);
  // A sign that nothing can ever show is a slip in the catalog, and a test of it finds it; no run dies of it.
  if (!feature) return UNTOLD;
  const found = feature.find(record, report);
  const first = found[0];
  if (!first) return { is: "not-so", text: `not in the record: ${feature.summary}` };
  const text = `${feature.summary}: ${first.text}`;
  return { is: "so", breach: false, text, examples: found.slice(0, EXAMPLES) };
}

function opposite(answer: Answer): Answer {
  if (answer.is === "untold") return UNTOLD;
  if (answer.is === "so") return { is: "not-so", text: answer.text };
  return { is: "so", breach: false, text: answer.text, examples: [] };
}
