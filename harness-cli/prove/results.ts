import { appendFileSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import type { HealthyRun, ProvedDefect } from "./matrix.ts";

/** `results.jsonl`: what is proved already, a line each as it comes. Only what was decided is kept from being run again. */
export interface Results {
  /** What a run of that name, seed and code came out as; undefined: not run yet, or without a result. */
  find<T extends ProvedDefect | HealthyRun>(name: string, seed: number): T | undefined;
  add(name: string, seed: number, result: ProvedDefect | HealthyRun): void;
}

interface Line {
  readonly format: 1;
  /** The code that was proved: another version proves anew. */
  readonly version: string;
  readonly name: string;
  readonly seed: number;
  readonly result: ProvedDefect | HealthyRun;
}

/** Opens the file in `dir`; `fresh` forgets what is there. Lines that cannot be read (a torn last one) are skipped. */
export async function openResults(dir: string, version: string, fresh: boolean): Promise<Results> {
  const file = path.join(dir, "results.jsonl");
  await mkdir(dir, { recursive: true });
  if (fresh) await rm(file, { force: true });
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
  const known = new Map<string, Line["result"]>();
  const key = (name: string, seed: number) => `${seed} ${name}`;
  for (const row of text.split("\n")) {
    const line = parsed(row);
    if (line?.format === 1 && line.version === version) known.set(key(line.name, line.seed), line.result);
  }
  // A torn last line would swallow the next one.
  if (text !== "" && !text.endsWith("\n")) appendFileSync(file, "\n");
  return {
    find<T extends ProvedDefect | HealthyRun>(name: string, seed: number): T | undefined {
      const result = known.get(key(name, seed));
      return result && isDecided(result) ? (result as T) : undefined;
    },
    add(name, seed, result) {
      known.set(key(name, seed), result);
      const line: Line = { format: 1, version, name, seed, result };
      appendFileSync(file, `${JSON.stringify(line)}\n`);
    },
  };
}

/** Unknown and failed may come out otherwise next time: a busy machine is no result. */
function isDecided(result: ProvedDefect | HealthyRun): boolean {
  if ("outcome" in result) return result.outcome === "caught" || result.outcome === "missed";
  return result.ended === "completed" && result.overall !== "unknown";
}

function parsed(row: string): Line | undefined {
  try {
    return row === "" ? undefined : (JSON.parse(row) as Line);
  } catch {
    return undefined;
  }
}
