import path from "node:path";
import { toolFolder } from "./cache.ts";
import { buildWithGo } from "./go-build.ts";
import { executable, isExecutable, onPath } from "./search.ts";
import { sameMinor, type Tool } from "./tool.ts";

/** All load figures (facts-load) were measured with this one. */
const version = "2.2.0";

export const k6: Tool = {
  name: "k6",
  wanted: `k6 ${version}`,
  why: "the measurements that a verdict rests on were made with this version",
  async candidates(machine) {
    const cached = path.join(toolFolder(machine, "k6", version), executable(machine, "k6"));
    return [
      ...(await onPath(machine, ["k6"])).map((file) => ({ path: file, from: "PATH" as const })),
      ...((await isExecutable(cached)) ? [{ path: cached, from: "cache" as const }] : []),
    ];
  },
  askVersion: ["version"],
  versionPattern: /^k6(?:\.exe)? v(\d+\.\d+\.\d+)/m,
  accepts: (found) => sameMinor(found, version),
  obtain: (machine, step) =>
    buildWithGo(machine, step, {
      tool: "k6",
      version,
      package: "go.k6.io/k6/v2",
      expect: "1–4 minutes",
    }),
  remedy: () => `install Go ≥ 1.21 and run \`npx seaworthy doctor --fix\`, or put k6 ${version} on the PATH`,
};
