import type { Check } from "./check.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { ProbeFigures } from "./probe.ts";
import type { Ended } from "./record/history.ts";
import type { Plan } from "./record/plan.ts";
import type { Overall, Verdict } from "./verdict.ts";
import type { Phase } from "./windows.ts";

export interface Judgement {
  readonly check: string;
  readonly phase: string;
  readonly limit: number;
  readonly unit: string;
  readonly verdict: Verdict;
}

/** What `judge` makes of a record; every renderer takes it and nothing else but the record. */
export interface Report {
  readonly plan: Plan;
  readonly ended: Ended;
  readonly phases: readonly Phase[];
  readonly judgements: readonly Judgement[];
  readonly overall: Overall;
  /** Over all judged phases; absent where no probe ran beside k6. */
  readonly probe?: ProbeFigures;
  /** The likely mistakes behind what is breached, the likeliest first; absent where nobody was asked. */
  readonly diagnoses?: readonly Diagnosis[];
  /** What each check asks and where its numbers come from, by name, in the plan's order: the footnotes. */
  readonly about?: Readonly<Record<string, Pick<Check, "summary" | "requirement" | "explain">>>;
}
