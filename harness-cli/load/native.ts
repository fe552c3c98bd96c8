import path from "node:path";
import { thisMachine } from "../provision/machine.ts";
import { compileCache } from "../target/compile-cache.ts";
import type { Child } from "../target/supervisor.ts";
import {
  EXIT_GRACE_MS,
  goneWithin,
  type LoadOptions,
  type RunningEngine,
  startEngine,
} from "./engine-process.ts";
import { writeEntry } from "./entry.ts";

/** Starts the native engine on its part of the plan's load. It connects nobody before `go`. */
export function startNative(options: LoadOptions): Promise<RunningEngine> {
  const { tools } = options;
  return startEngine(
    {
      name: "native",
      version: tools.node.version,
      spawn: (telemetryUrl) => spawnNative(options, telemetryUrl),
      end: endNative,
      // It drops what does not answer by itself.
      abandonedGraceMs: EXIT_GRACE_MS,
    },
    options,
  );
}

async function spawnNative(options: LoadOptions, telemetryUrl: string): Promise<Child> {
  const { runDir, tools, supervisor } = options;
  const entry = await writeEntry(options, "native");
  return supervisor.spawn({
    name: "native",
    command: tools.node.path,
    args: [entry],
    env: {
      SEAWORTHY_TELEMETRY: telemetryUrl,
      ...compileCache(thisMachine()),
      ...(options.caFile ? { NODE_EXTRA_CA_CERTS: options.caFile } : {}),
    },
    cwd: runDir,
    logFile: path.join(runDir, "logs", "native.log"),
  });
}

async function endNative(child: Child, graceMs: number): Promise<void> {
  if (!(await goneWithin(child, graceMs))) await child.stop();
}
