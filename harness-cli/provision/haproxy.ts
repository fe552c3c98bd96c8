import { installWithApt } from "./apt.ts";
import { onPath } from "./search.ts";
import { type Tool, versionNumbers } from "./tool.ts";

export const haproxy: Tool = {
  name: "haproxy",
  optional: "only plans with `--balancer haproxy` need it",
  wanted: "HAProxy ≥ 2.4",
  why: "the configuration that we write is for 2.4 and later",
  async candidates(machine) {
    return (await onPath(machine, ["haproxy"])).map((file) => ({ path: file, from: "PATH" as const }));
  },
  askVersion: ["-v"],
  versionPattern: /version (\d+\.\d+(?:\.\d+)?)/i,
  accepts(version) {
    const [major = 0, minor = 0] = versionNumbers(version);
    return major > 2 || (major === 2 && minor >= 4);
  },
  // Nobody publishes it as a wheel or an npm package.
  obtain: (machine, step) => step("installing haproxy by apt", () => installWithApt(machine, "haproxy")),
  remedy: (machine) =>
    machine.platform.startsWith("darwin")
      ? "brew install haproxy"
      : "apt-get install haproxy (as root), or choose --balancer nginx, which needs no root",
};
