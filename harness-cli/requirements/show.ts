import type { Requirement, State } from "./row.ts";

const STATES: readonly State[] = ["built", "differently", "not built", "unobservable"];

export type RequirementTotals = Readonly<Record<string, Readonly<Record<State, number>>>>;

/** How many rows of each section are in each state; `all` is their sum. */
export function totalsOf(rows: readonly Requirement[]): RequirementTotals {
  const count = (own: readonly Requirement[]) =>
    Object.fromEntries(
      STATES.map((state) => [state, own.filter((row) => row.state === state).length]),
    ) as Record<State, number>;
  const sections = Map.groupBy(rows, ({ section }) => section);
  return {
    ...Object.fromEntries([...sections].map(([section, own]) => [section, count(own)])),
    all: count(rows),
  };
}

/** For a terminal: a line for each row, then the sums of each section. */
export function showRequirements(rows: readonly Requirement[]): string {
  const width = Math.max(...rows.map(({ id }) => id.length));
  const lines = rows.map(({ id, state, title, why, code, tests }) => {
    const where = state === "built" ? ` [${code[0] ?? ""}; ${plural(tests.length)}]` : "";
    return `  ${id.padEnd(width)}  ${state.padEnd(12)}  ${title}${why === undefined ? "" : `: ${why}`}${where}`;
  });
  const sums = Object.entries(totalsOf(rows)).map(([section, counts]) => {
    const told = STATES.map((state) => `${counts[state]} ${state}`).join(", ");
    return `  ${section === "all" ? "all" : `section ${section}`}: ${told}`;
  });
  return `requirements\n${lines.join("\n")}\n\n${sums.join("\n")}\n`;
}

function plural(tests: number): string {
  return `${tests} test${tests === 1 ? "" : "s"}`;
}
