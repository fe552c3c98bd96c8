import path from "node:path";
import { withLock } from "../../bin/lock.mjs";
import { SeaworthyError } from "../errors.ts";
import { haproxy } from "./haproxy.ts";
import { k6 } from "./k6.ts";
import { KnownVersions } from "./known-versions.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { nginx } from "./nginx.ts";
import { node } from "./node.ts";
import { postgres } from "./postgres.ts";
import { type Progress, stepsOf } from "./progress.ts";
import { redis } from "./redis.ts";
import { type BalancerTool, ObtainError, type Tool, type ToolName } from "./tool.ts";
import { toxiproxy } from "./toxiproxy.ts";

/** Every outside program of a run, found and checked: absolute paths. */
export interface Tools {
  readonly node: ToolPath;
  readonly k6: ToolPath;
  readonly toxiproxy: ToolPath;
  /** redis-server or valkey-server. */
  readonly redis: ToolPath;
  /** The folder with `initdb` and `postgres`; `path` is that folder. */
  readonly postgres: ToolPath;
  /** There when it was asked for, or happens to be on the machine. */
  readonly nginx?: ToolPath;
  readonly haproxy?: ToolPath;
}

export interface ToolPath {
  readonly path: string;
  readonly version: string;
  /** Where it came from: `PATH`, `cache`, `npm` … */
  readonly from: string;
}

/** What `doctor` says about one tool. */
export interface ToolReport {
  readonly tool: ToolName;
  /** `k6 2.2.0`, `Postgres ≥ 15`. */
  readonly wanted: string;
  /** Undefined when it is missing. */
  readonly found?: ToolPath;
  /** What was looked at before and not taken: a wrong version, or it does not run here. */
  readonly refused: readonly { readonly path: string; readonly why: string }[];
  /** What a person can do when `--fix` cannot. */
  readonly remedy: string;
  /** Which plans need it, when not all do. */
  readonly optional?: string;
}

const allTools: readonly Tool[] = [node, k6, toxiproxy, redis, postgres, nginx, haproxy];

/** Looks for every tool; executes a program only when its file is new to us. Under 100 ms when nothing changed. */
export async function inspectTools(machine: Machine = thisMachine()): Promise<readonly ToolReport[]> {
  const versions = await KnownVersions.load(machine);
  const reports = await Promise.all(allTools.map((tool) => inspect(tool, machine, versions)));
  await versions.save();
  return reports;
}

/**
 * All tools of a run. With `fix` what is missing is built or fetched first, which can take minutes; without, a
 * missing tool is an error that says what to do. A balancer is needed only when it is asked for, and then fetched
 * when it is missing: seconds, and nobody knew before that it would be needed.
 *
 * @throws SeaworthyError SW_TOOL_MISSING, SW_TOOL_VERSION (only wrong versions are there), SW_PROVISION_FAILED,
 * SW_NOT_WRITABLE or SW_DISK_FULL (the cache).
 */
export async function findTools(
  options: {
    readonly fix?: boolean;
    readonly balancer?: BalancerTool | undefined;
    readonly progress?: Progress;
    readonly machine?: Machine;
    /** May be missing: nobody will ask for them. */
    readonly unneeded?: readonly ToolName[];
  } = {},
): Promise<Tools> {
  const machine = options.machine ?? thisMachine();
  const isNeeded = ({ tool, optional }: ToolReport) =>
    tool === options.balancer || !(optional || options.unneeded?.includes(tool));
  const isFetched = (report: ToolReport) =>
    isNeeded(report) && !report.found && (options.fix === true || report.tool === options.balancer);
  let reports = await inspectTools(machine);
  if (reports.some(isFetched)) {
    const progress = options.progress ?? (() => undefined);
    const lock = path.join(machine.cacheDir, "locks", "provision.lock");
    const obtain = () =>
      withLock(lock, () => obtainMissing(machine, isFetched, progress), waitingFor(progress));
    await withWritableCache(machine, obtain);
    reports = await inspectTools(machine);
  }
  const missing = reports.filter((report) => isNeeded(report) && !report.found);
  if (missing.length > 0) throw missingError(missing);
  return Object.fromEntries(
    reports.flatMap((report) => (report.found ? [[report.tool, report.found]] : [])),
  ) as unknown as Tools;
}

function waitingFor(progress: Progress): (pid: number) => void {
  return (pid) =>
    progress({
      kind: "started",
      tool: "lock",
      doing: `waiting for process ${pid}, which gets the missing tools`,
    });
}

/** Looks again first: whoever held the lock before us may have got all of it. One failure does not stop the others. */
async function obtainMissing(
  machine: Machine,
  isFetched: (report: ToolReport) => boolean,
  progress: Progress,
): Promise<void> {
  const failed: { tool: Tool; tried: readonly string[] }[] = [];
  for (const report of await inspectTools(machine)) {
    const tool = allTools.find(({ name }) => name === report.tool)!;
    if (!isFetched(report) || !tool.obtain) continue;
    try {
      await tool.obtain(machine, stepsOf(tool.name, progress));
    } catch (error) {
      if (!(error instanceof ObtainError)) throw error;
      failed.push({ tool, tried: error.tried });
    }
  }
  if (failed.length === 0) return;
  const what = failed.map(({ tool, tried }) => `${tool.wanted} could not be fetched: ${tried.join("; ")}`);
  const remedies = failed.map(({ tool }) => tool.remedy(machine));
  throw new SeaworthyError("SW_PROVISION_FAILED", what.join(". "), [...new Set(remedies)].join("; "));
}

/** A cache that cannot be written is the user's to fix, not a bug. */
async function withWritableCache<T>(machine: Machine, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOSPC" || code === "EDQUOT") {
      const hint =
        "make room (about 500 MB while building), or set SEAWORTHY_CACHE to a folder on another disk";
      throw new SeaworthyError("SW_DISK_FULL", `the disk of ${machine.cacheDir} is full`, hint, {
        cause: error,
      });
    }
    if (["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(code)) {
      const hint = "set SEAWORTHY_CACHE to a folder you can write";
      throw new SeaworthyError("SW_NOT_WRITABLE", `the cache ${machine.cacheDir} cannot be written`, hint, {
        cause: error,
      });
    }
    throw error;
  }
}

async function inspect(tool: Tool, machine: Machine, versions: KnownVersions): Promise<ToolReport> {
  const refused: { path: string; why: string }[] = [];
  const report = {
    tool: tool.name,
    wanted: tool.wanted,
    refused,
    remedy: tool.remedy(machine),
    ...(tool.optional ? { optional: tool.optional } : {}),
  };
  for (const { path: place, program, from } of await tool.candidates(machine)) {
    const answer = await versions.ask(machine, program ?? place, tool.askVersion, tool.versionPattern);
    if ("problem" in answer) refused.push({ path: place, why: answer.problem });
    else if (!tool.accepts(answer.version))
      refused.push({
        path: place,
        why: `it is version ${answer.version}, needed is ${tool.wanted} (${tool.why})`,
      });
    else return { ...report, found: { path: place, version: answer.version, from } };
  }
  return report;
}

function missingError(missing: readonly ToolReport[]): SeaworthyError {
  const onlyRefused = missing.every((report) => report.refused.length > 0);
  const what = missing.map((report) => {
    const refused = report.refused.map(({ path, why }) => `${path}: ${why}`).join("; ");
    return `${report.wanted} is not on this machine${refused && ` (${refused})`}`;
  });
  return new SeaworthyError(
    onlyRefused ? "SW_TOOL_VERSION" : "SW_TOOL_MISSING",
    what.join(". "),
    "npx seaworthy doctor --fix",
  );
}
