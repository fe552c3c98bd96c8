import { type ErrorCode, SeaworthyError } from "./errors.ts";

/** One thing that is wrong with a command line or a plan. */
export interface Mistake {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Everything that is wrong at once, so that nobody has to fix a command line one error at a time. Exit 2. */
export class Mistakes extends Error {
  override readonly name = "Mistakes";
  readonly list: readonly Mistake[];

  constructor(list: readonly Mistake[]) {
    super(list.map((mistake) => `${mistake.code}: ${mistake.message}`).join("\n"));
    this.list = list;
  }
}

/** Collects mistakes while a plan is made; `check` throws them all together. */
export class MistakeList {
  readonly #list: Mistake[] = [];

  add(code: ErrorCode, message: string, hint: string): void {
    this.#list.push({ code, message, hint });
  }

  /** Runs one step; a SeaworthyError becomes a mistake and the step's value undefined. */
  async take<T>(step: Promise<T>): Promise<T | undefined> {
    try {
      return await step;
    } catch (error) {
      if (!(error instanceof SeaworthyError)) throw error;
      this.add(error.code, error.message, error.hint);
      return undefined;
    }
  }

  addAll(list: readonly Mistake[]): void {
    this.#list.push(...list);
  }

  get noted(): readonly Mistake[] {
    return this.#list;
  }

  check(): void {
    if (this.#list.length > 0) throw new Mistakes(this.#list);
  }
}
