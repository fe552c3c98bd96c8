// @ts-check
// `npm run demo` and `npm test` on a fresh clone: gets what is missing, then does the job. Valid for Node 20.
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findNode } from "./find-node.mjs";
import { installPackages } from "./packages.mjs";
import { runChild } from "./run-child.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [job, ...args] = process.argv.slice(2);

/** What each job runs once everything is there. */
const jobs = /** @type {Record<string, (node: string) => Promise<number>>} */ ({
  demo: (node) => runChild(node, [path.join(root, "bin", "seaworthy.mjs"), "demo", ...args], { leash: true }),
  test: (node) => runChild(node, [path.join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...args]),
  bench: (node) =>
    runChild(node, [path.join(root, "harness-cli", "bench", "main.ts"), ...args], { leash: true }),
  // only gets what is missing
  provision: async () => 0,
});

process.exitCode = await bootstrap();

async function bootstrap() {
  const start = jobs[job ?? ""];
  if (!start) {
    process.stderr.write(`usage: node bin/bootstrap.mjs ${Object.keys(jobs).join("|")} [arguments]\n`);
    return 2;
  }
  try {
    await installPackages(root, (line) => process.stderr.write(`${line}\n`));
  } catch (error) {
    const message = error instanceof Error ? error.message : error;
    process.stderr.write(`SW_PROVISION_FAILED: ${message}\n  Hint: npm ci, in ${root}\n`);
    return 4;
  }
  const node = findNode();
  if ("problem" in node) {
    process.stderr.write(`${node.problem}\n`);
    return 4;
  }
  const provisioned = await runChild(node.path, [path.join(root, "bin", "provision.mjs")]);
  return provisioned === 0 ? start(node.path) : provisioned;
}
