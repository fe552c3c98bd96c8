#!/usr/bin/env node
// @ts-check
// The command `seaworthy`. Valid for Node 20: it finds a Node that is new enough and hands over to the CLI.
import { existsSync } from "node:fs";
import module from "node:module";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cacheDirOf } from "./cache-dir.mjs";
import { findNode } from "./find-node.mjs";
import { holdLeash, runChild } from "./run-child.mjs";

const node = findNode();
if ("problem" in node) {
  process.stderr.write(`${node.problem}\n`);
  process.exitCode = 4;
} else if (node.path === process.execPath) {
  holdLeash();
  // spares 0.5 s of CPU at each start: the types of the same files need not be stripped again
  module.enableCompileCache(path.join(cacheDirOf(process.env), "compile-cache"));
  await runHere();
} else {
  process.exitCode = await runChild(node.path, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    leash: true,
  });
}

/** From source in a checkout; from JavaScript in the published package (Node strips no types under node_modules). */
async function runHere() {
  const inCheckout = existsSync(new URL("../harness-cli/main.ts", import.meta.url));
  const [folder, ending] = inCheckout ? ["../harness-cli", "ts"] : ["../dist/harness-cli", "js"];
  try {
    const { main } = await import(new URL(`${folder}/main.${ending}`, import.meta.url).href);
    const { realWorld } = await import(new URL(`${folder}/world.${ending}`, import.meta.url).href);
    process.exitCode = await main(realWorld());
  } catch (error) {
    const what = error instanceof Error ? error.stack : error;
    process.stderr.write(
      `SW_BUG: ${what}\n  Hint: this is a bug in seaworthy; please report it with this text\n`,
    );
    process.exitCode = 4;
  }
}
