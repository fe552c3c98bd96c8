import { type Answer, answersFor } from "./facts.ts";
import type { Feature } from "./feature.ts";
import type { KnownMistake } from "./known-mistake.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { Report } from "./report.ts";
import type { Counterexample } from "./verdict.ts";

/** One likely mistake behind a breached run. */
export interface Diagnosis {
  readonly mistake: string;
  readonly summary: string;
  readonly requirement: readonly string[];
  readonly inProduction: string;
  readonly remedy: string;
  /**
   * How many of the candidates are at least as likely, itself among them: 1 is the single most likely one, and two that
   * nothing tells apart are both 2. No luck of the alphabet.
   */
  readonly rank: number;
  /** Sum of the weights of what was seen, less half of what was expected and not seen; only for comparing. */
  readonly score: number;
  /** What speaks for it, the strongest first. */
  readonly supports: readonly Clue[];
  /** What speaks against it: its look-alikes' marks, and what it should have shown. */
  readonly contradicts: readonly Clue[];
}

export interface Clue {
  readonly fact: string;
  /** What it adds to the score (or, below 0, takes away). */
  readonly weight: number;
  readonly text: string;
  /** At most three. */
  readonly examples: readonly Counterexample[];
}

/** More candidates than this are no help to anybody. */
const MOST = 10;
/** What a sign that was looked for and not found takes away, as a share of its weight. */
const MISSING = 0.5;

/**
 * The mistakes that would explain what is breached, the most likely first. Empty where nothing is breached. A
 * candidate must explain something that is over its limit; circumstances alone (a fault, a pattern) name nobody. Pure,
 * and blind to what the plan switched on: it looks at what happened.
 */
export function diagnose(
  report: Report,
  record: RunRecord,
  mistakes: readonly KnownMistake[],
  features: ReadonlyMap<string, Feature>,
): readonly Diagnosis[] {
  if (!report.judgements.some(({ verdict }) => verdict.status === "breached")) return [];
  return ranked(mistakes, answersFor(report, record, features));
}

/** The same by whatever answers the facts. */
export function ranked(
  mistakes: readonly KnownMistake[],
  ask: (fact: string) => Answer,
): readonly Diagnosis[] {
  const candidates = mistakes.flatMap((mistake) => weigh(mistake, ask));
  candidates.sort(
    (a, b) => b.score - a.score || b.shown - a.shown || a.mistake.name.localeCompare(b.mistake.name, "en"),
  );
  return candidates.slice(0, MOST).map(({ mistake, score, shown, supports, contradicts }) => ({
    mistake: mistake.name,
    summary: mistake.summary,
    requirement: mistake.requirement,
    inProduction: mistake.inProduction,
    remedy: mistake.remedy,
    rank: candidates.filter((one) => one.score > score || (one.score === score && one.shown >= shown)).length,
    score,
    supports,
    contradicts,
  }));
}

interface Weighed {
  readonly mistake: KnownMistake;
  readonly score: number;
  /** Share of what it should show that was seen, of what could be told. */
  readonly shown: number;
  readonly supports: readonly Clue[];
  readonly contradicts: readonly Clue[];
}

function weigh(mistake: KnownMistake, ask: (fact: string) => Answer): Weighed[] {
  const supports: Clue[] = [];
  const contradicts: Clue[] = [];
  let explains = false;
  let expected = 0;
  for (const { fact, weight } of mistake.signs) {
    const answer = ask(fact);
    if (answer.is === "untold") continue;
    if (weight > 0) expected += weight;
    if (answer.is === "so") {
      const { text, examples } = answer;
      (weight > 0 ? supports : contradicts).push({ fact, weight, text, examples });
      if (weight > 0 && answer.breach) explains = true;
    } else if (weight > 0) {
      contradicts.push({ fact, weight: -weight * MISSING, text: answer.text, examples: [] });
    }
  }
  const sum = (clues: readonly Clue[]) => clues.reduce((total, { weight }) => total + weight, 0);
  const score = sum(supports) + sum(contradicts);
  if (!explains || score <= 0) return [];
  const byWeight = (a: Clue, b: Clue) => Math.abs(b.weight) - Math.abs(a.weight);
  supports.sort(byWeight);
  contradicts.sort(byWeight);
  return [{ mistake, score, shown: sum(supports) / expected, supports, contradicts }];
}
