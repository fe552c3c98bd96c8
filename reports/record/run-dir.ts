import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, stat, symlink, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Plan } from "./plan.ts";

/** What lies in `runs/<id>/`. The first five are the record; the rest is made from it or around it. */
export const runFiles = {
  plan: "plan.json",
  history: "history.jsonl",
  ledger: "ledger.jsonl",
  samples: "samples.jsonl",
  audit: "audit.jsonl",
  logs: "logs",
  entry: "k6-entry.ts",
  verdict: "verdict.json",
  html: "report.html",
  json: "report.json",
  markdown: "report.md",
  junit: "junit.xml",
} as const;

export const LATEST = "latest";

/** `2026-11-22T07-05-11-ramp-3f2a`: sorts by time, says what ran, and no two are alike. UTC. */
export function runId(startedEpochMs: number, scenario: string, suffix: string): string {
  const time = new Date(startedEpochMs).toISOString().slice(0, 19).replaceAll(":", "-");
  return `${time}-${plainName(scenario)}-${suffix}`;
}

/** The name of a scenario that may be a path to a user's own file, in characters that any file system takes. */
function plainName(scenario: string): string {
  const base = path.basename(scenario).replace(/\.(ts|js|mjs)$/, "");
  return (
    base
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 40) || "run"
  );
}

/**
 * Makes `<runsDir>/<id>/` with its `logs/`, and returns its path. Rejects with the system's error where it cannot
 * be written; never takes over a folder that is there already.
 */
export async function createRunDir(runsDir: string, plan: Plan, nowEpochMs: number): Promise<string> {
  await mkdir(runsDir, { recursive: true });
  for (;;) {
    const dir = path.join(runsDir, runId(nowEpochMs, plan.scenario.name, randomBytes(2).toString("hex")));
    try {
      await mkdir(dir);
    } catch (error) {
      if (codeOf(error) === "EEXIST") continue;
      throw error;
    }
    await mkdir(path.join(dir, runFiles.logs));
    return dir;
  }
}

/**
 * Makes `<runsDir>/latest` lead to `dir`: a relative link, or where links are impossible a text file with the
 * folder's name. Atomic, so that two runs at once leave one of the two and never neither.
 */
export async function pointLatestAt(runsDir: string, dir: string, link = symlink): Promise<void> {
  const name = path.basename(dir);
  const temporary = path.join(runsDir, `.${LATEST}-${randomBytes(4).toString("hex")}`);
  try {
    await link(name, temporary, "dir");
  } catch {
    await writeFile(temporary, `${name}\n`, { flag: "wx" });
  }
  try {
    await rename(temporary, path.join(runsDir, LATEST));
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
}

/** The run folder that `given` names: itself, or what a `latest` text file inside its parent says. */
export async function resolveRunDir(given: string): Promise<string> {
  const kind = await stat(given).catch(() => undefined);
  if (!kind?.isFile() || path.basename(given) !== LATEST) return given;
  const name = (await readFile(given, "utf8")).trim();
  return path.join(path.dirname(given), path.basename(name));
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
