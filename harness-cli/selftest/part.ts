/** One thing that the instrument was made to measure while the answer was known, and what it said. */
export interface Part {
  readonly name: string;
  /** `unknown`: the machine made it impossible to say. */
  readonly told: "truth" | "lie" | "unknown";
  /** What was done, and what must come out. */
  readonly done: string;
  /** What came out, with the proof. */
  readonly found: string;
  readonly figures: Readonly<Record<string, number>>;
  /** Folder of the run, below the folder of runs. */
  readonly run: string;
}

/** A lie beats not knowing, and that beats the truth, as in every verdict. */
export function exitOfParts(parts: readonly Part[]): 0 | 1 | 3 {
  if (parts.some(({ told }) => told === "lie")) return 1;
  return parts.length === 0 || parts.some(({ told }) => told === "unknown") ? 3 : 0;
}
