import type { Machine } from "./machine.ts";
import { lastLines, runCommand } from "./run-command.ts";
import { onPath } from "./search.ts";
import { ObtainError } from "./tool.ts";

/** Installs a Debian package, without starting its service. Only root can. */
export async function installWithApt(machine: Machine, name: string): Promise<void> {
  const aptGet = (await onPath(machine, ["apt-get"]))[0];
  if (!aptGet || !machine.isRoot) {
    throw new ObtainError([aptGet ? "apt-get needs root" : "there is no apt-get on this machine"]);
  }
  // RUNLEVEL=1: what invoke-rc.d sees as single-user mode, so it starts nothing on port 6379
  const options = {
    env: { ...machine.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    timeoutMs: 5 * 60_000,
  };
  const install = ["install", "--yes", "--quiet", "--no-install-recommends", name];
  let result = await runCommand(aptGet, install, options);
  if (result.code !== 0) {
    await runCommand(aptGet, ["update", "--quiet"], options); // a fresh machine has no package lists
    result = await runCommand(aptGet, install, options);
  }
  if (result.code !== 0) throw new ObtainError([`apt-get install ${name}: ${lastLines(result.output)}`]);
}
