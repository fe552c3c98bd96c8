import { majorAtLeast, type Tool } from "./tool.ts";

/** The Node that runs us runs the servers too; `bin/` has already found one that is new enough. */
export const node: Tool = {
  name: "node",
  wanted: "Node ≥ 24",
  why: "the sources run by type stripping",
  async candidates(machine) {
    return [{ path: machine.node.path, from: "this process" }];
  },
  askVersion: ["--version"],
  versionPattern: /^v(\d+\.\d+\.\d+)/m,
  accepts: (version) => majorAtLeast(version, 24),
  remedy: () => "npm install (it brings Node 26 as an optional package), then start by `npx seaworthy`",
};
