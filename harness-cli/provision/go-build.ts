import path from "node:path";
import { fillFolder, toolFolder } from "./cache.ts";
import { findGo } from "./go.ts";
import type { Machine } from "./machine.ts";
import type { Step } from "./progress.ts";
import { lastLines, runCommand } from "./run-command.ts";
import { executable } from "./search.ts";
import { ObtainError } from "./tool.ts";

export interface GoProgram {
  readonly tool: string;
  readonly version: string;
  readonly package: string;
  readonly linkerFlags?: string;
  /** How long it takes, in words. */
  readonly expect: string;
}

/** Its `go.mod` pins the versions, its `go.sum` the bytes. */
const goTools = path.join(import.meta.dirname, "gotools");

/**
 * Builds a Go program from source into the cache. Always this one command, so that Go's own build cache makes the
 * second try short when the first was interrupted (`go tool k6` would compile everything again).
 */
export async function buildWithGo(machine: Machine, step: Step, program: GoProgram): Promise<void> {
  const go = await findGo(machine, step);
  const flags = `-s -w ${program.linkerFlags ?? ""}`.trim();
  await step(`building ${program.tool} ${program.version} (once, ${program.expect})`, () =>
    fillFolder(toolFolder(machine, program.tool, program.version), async (part) => {
      const binary = path.join(part, executable(machine, program.tool));
      const args = ["build", "-trimpath", "-ldflags", flags, "-o", binary, program.package];
      const built = await runCommand(go, args, {
        cwd: goTools,
        env: { ...machine.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
        timeoutMs: 20 * 60_000,
      });
      if (built.code !== 0)
        throw new ObtainError([`go build of ${program.tool}: ${lastLines(built.output)}`]);
    }),
  );
}
