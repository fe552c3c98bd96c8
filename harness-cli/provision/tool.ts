import type { Machine } from "./machine.ts";
import type { Step } from "./progress.ts";
import type { Tools } from "./tools.ts";

export type ToolName = keyof Tools;
/** What only plans with a balancer need. */
export type BalancerTool = "nginx" | "haproxy";

/** One outside program: how to know it, where to look for it, how to get it. */
export interface Tool {
  readonly name: ToolName;
  /** Which plans need it, when not all do. */
  readonly optional?: string;
  /** What people call it, with the version we want: `k6 2.2`. */
  readonly wanted: string;
  /** Why not any version: shown when one is refused. */
  readonly why: string;
  /** Where it may be, best first. Only looks; quick. */
  candidates(machine: Machine): Promise<readonly Candidate[]>;
  /** Arguments that make it say its version, and where in the answer that is. */
  readonly askVersion: readonly string[];
  readonly versionPattern: RegExp;
  accepts(version: string): boolean;
  /** Gets it into the cache, or throws an `ObtainError` that says what was tried. Undefined: cannot be fetched. */
  readonly obtain?: (machine: Machine, step: Step) => Promise<void>;
  /** What a person can do when all that failed; a command where there is one. */
  remedy(machine: Machine): string;
}

export interface Candidate {
  /** What the caller gets: the program, or for Postgres its folder. */
  readonly path: string;
  /** The program that is asked for its version; default `path`. */
  readonly program?: string;
  readonly from: "this process" | "PATH" | "cache" | "npm" | "system";
}

/** None of the ways to get a tool worked; `tried` has one line per way. */
export class ObtainError extends Error {
  override readonly name = "ObtainError";
  readonly tried: readonly string[];

  constructor(tried: readonly string[]) {
    super(tried.join("; "));
    this.tried = tried;
  }
}

/** Tries one way after the other. Throws an `ObtainError` with what was wrong with each when none worked. */
export async function firstOf(ways: readonly (() => Promise<void>)[]): Promise<void> {
  const tried: string[] = [];
  for (const way of ways) {
    try {
      await way();
      return;
    } catch (error) {
      if (!(error instanceof ObtainError)) throw error;
      tried.push(...error.tried);
    }
  }
  throw new ObtainError(tried);
}

/** The numbers of `2.12.0` or `26.10`; what is not a number ends the list. */
export function versionNumbers(version: string): readonly number[] {
  return (version.match(/^\d+(\.\d+)*/)?.[0] ?? "").split(".").filter(Boolean).map(Number);
}

/** The same major and minor version: what a patch release changes does not change what we measured. */
export function sameMinor(version: string, wanted: string): boolean {
  const [a, b] = [versionNumbers(version), versionNumbers(wanted)];
  return a[0] === b[0] && a[1] === b[1];
}

export function majorAtLeast(version: string, major: number): boolean {
  return (versionNumbers(version)[0] ?? 0) >= major;
}
