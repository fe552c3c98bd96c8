// @ts-check
// `npm run build`: the JavaScript that gets published, with its typings and assets, in dist/. Runs in a checkout.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, "dist");
const sources = ["target-server", "scenarios", "chaos", "reports", "harness-cli"];

rmSync(dist, { recursive: true, force: true });
const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
const compiled = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (compiled.status !== 0) process.exit(1);
for (const asset of globSync(`{${sources.join(",")}}/**/{*.*,Dockerfile}`, {
  cwd: root,
  withFileTypes: false,
})) {
  if (asset.endsWith(".ts") || asset.includes("fixtures")) continue;
  cpSync(path.join(root, asset), path.join(dist, asset), { recursive: true });
}

// What the tests prove is told by `list requirements`, and the package has no tests to read.
const requirements = path.join(dist, "harness-cli", "requirements");
const { scan } = await import(pathToFileURL(path.join(requirements, "evidence.js")).href);
writeFileSync(path.join(requirements, "evidence.json"), JSON.stringify(await scan(root)));
