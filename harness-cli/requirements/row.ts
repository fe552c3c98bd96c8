/** A row of the requirements, by its id there, in a line. */
export interface RequirementTitle {
  /** `B42`, `INV-LOSS`. */
  readonly id: string;
  readonly title: string;
  /** Why no harness can see it from outside, where that is so. */
  readonly unobservable?: string;
}

export type State = "built" | "differently" | "not built" | "unobservable";

/** A row of the requirements, and what there is of it in this repository. */
export interface Requirement {
  readonly id: string;
  readonly section: "0.3" | "A" | "B" | "C" | "D" | "E" | "F";
  readonly title: string;
  readonly state: State;
  /** For every state but `built`. */
  readonly why?: string;
  /** Sources that name it. */
  readonly code: readonly string[];
  /** Tests that name it: file and the beginning of the test's name. */
  readonly tests: readonly string[];
}
