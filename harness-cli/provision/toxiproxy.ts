import path from "node:path";
import { toolFolder } from "./cache.ts";
import { buildWithGo } from "./go-build.ts";
import { executable, isExecutable, onPath } from "./search.ts";
import { sameMinor, type Tool } from "./tool.ts";

const version = "2.12.0";

export const toxiproxy: Tool = {
  name: "toxiproxy",
  wanted: `Toxiproxy ${version}`,
  why: "the effect of each toxic was measured with this version",
  async candidates(machine) {
    const cached = path.join(toolFolder(machine, "toxiproxy", version), executable(machine, "toxiproxy"));
    return [
      ...(await onPath(machine, ["toxiproxy-server"])).map((file) => ({ path: file, from: "PATH" as const })),
      ...((await isExecutable(cached)) ? [{ path: cached, from: "cache" as const }] : []),
    ];
  },
  askVersion: ["-version"],
  versionPattern: /version v?(\d+\.\d+\.\d+)/,
  accepts: (found) => sameMinor(found, version),
  obtain: (machine, step) =>
    buildWithGo(machine, step, {
      tool: "toxiproxy",
      version,
      package: "github.com/Shopify/toxiproxy/v2/cmd/server",
      // a plain build calls itself "git"
      linkerFlags: `-X github.com/Shopify/toxiproxy/v2.Version=${version}`,
      expect: "up to a minute",
    }),
  remedy: () =>
    `install Go ≥ 1.21 and run \`npx seaworthy doctor --fix\`, or put toxiproxy-server ${version} on the PATH`,
};
