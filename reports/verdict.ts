/** What a check says. It never claims more than it saw: no samples is unknown, never met. */
export type Verdict = Met | Breached | Unknown;

export interface Met {
  readonly status: "met";
  readonly measured: number;
  readonly samples: number;
  /** What could not be decided or seen, in one sentence: 12 pairs at the edges of a subscription … */
  readonly note?: string;
}

export interface Breached {
  readonly status: "breached";
  readonly measured: number;
  readonly samples: number;
  /** One sentence: what exactly is over the limit. */
  readonly why: string;
  readonly counterexamples: readonly Counterexample[];
  readonly note?: string;
}

export interface Unknown {
  readonly status: "unknown";
  readonly why: string;
  readonly measured?: number;
  readonly samples: number;
}

/** One piece of evidence, in words and in the ids that find it again in the record. */
export interface Counterexample {
  readonly text: string;
  readonly atMs?: number;
  /** `17#203`: publisher and slot. */
  readonly message?: string;
  readonly client?: number;
  readonly server?: string;
  /** Index of the fault window in force, if any. */
  readonly fault?: number;
}

export type Overall = "met" | "breached" | "unknown";

/** Breached beats unknown beats met; nothing at all is unknown. */
export function overall(verdicts: readonly Pick<Verdict, "status">[]): Overall {
  if (verdicts.some((verdict) => verdict.status === "breached")) return "breached";
  if (verdicts.length === 0 || verdicts.some((verdict) => verdict.status === "unknown")) return "unknown";
  return "met";
}
