import path from "node:path";
import type { Child } from "../target/supervisor.ts";
import { goneWithin, type LoadOptions, type RunningEngine, startEngine } from "./engine-process.ts";
import { writeEntry } from "./entry.ts";

/** With a frozen peer that owes it a close frame it would stay for ever, and says so in its bye. */
const FROZEN_GRACE_MS = 100;
/** Between two SIGINTs: the first ends the dials, the second ends k6 whatever it waits for. */
const INTERRUPT_GRACE_MS = 200;

const ARGS = [
  "run",
  "--quiet",
  "--no-color",
  "--no-usage-report",
  "--no-thresholds",
  "--summary-mode=disabled",
  // No REST API: it would take a port and could steer the run.
  "--address=",
];

/** Starts k6 on its part of the plan's load. It connects nobody before `go`. */
export function startK6(options: LoadOptions): Promise<RunningEngine> {
  const { tools } = options;
  return startEngine(
    {
      name: "k6",
      version: tools.k6.version,
      spawn: (telemetryUrl) => spawnK6(options, telemetryUrl),
      end: endK6,
      abandonedGraceMs: FROZEN_GRACE_MS,
    },
    options,
  );
}

async function spawnK6(options: LoadOptions, telemetryUrl: string): Promise<Child> {
  const { runDir, tools, supervisor } = options;
  const entry = await writeEntry(options, "k6");
  return supervisor.spawn({
    name: "k6",
    command: tools.k6.path,
    args: [...ARGS, entry],
    env: {
      SEAWORTHY_TELEMETRY: telemetryUrl,
      // A quarter less CPU for twice the memory (measured); the load is small and the cores are few.
      GOGC: "400",
      ...(options.caFile ? { SSL_CERT_FILE: options.caFile } : {}),
    },
    cwd: runDir,
    logFile: path.join(runDir, "logs", "k6.log"),
    stopSignal: "SIGINT",
  });
}

/** Waits, then SIGINT, SIGINT, SIGKILL: k6 outlives a single SIGINT while a frozen peer owes it a close frame. */
async function endK6(child: Child, graceMs: number): Promise<void> {
  if (await goneWithin(child, graceMs)) return;
  child.signal("SIGINT");
  if (await goneWithin(child, INTERRUPT_GRACE_MS)) return;
  child.signal("SIGINT");
  if (await goneWithin(child, INTERRUPT_GRACE_MS)) return;
  await child.stop();
}
