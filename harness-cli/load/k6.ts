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

const MANY_CLIENTS = 2_000;

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

/**
 * GOGC: how much a heap grows before Go collects it, per cent. 400 costs a quarter less CPU for twice the memory. With
 * thousands of clients that is gigabytes (measured: 5 GB for 10,000), and to go through them holds up everybody for
 * seconds; then it is Go's own 100.
 */
export function gcPercentFor(clients: number): string {
  return clients > MANY_CLIENTS ? "100" : "400";
}

function k6Clients({ plan }: LoadOptions): number {
  return plan.roles.reduce((sum, { engine, clients }) => sum + (engine === "k6" ? clients : 0), 0);
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
      GOGC: gcPercentFor(k6Clients(options)),
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
