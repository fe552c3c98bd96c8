import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isUpToDate } from "./packages.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
let root: string;

/** A checkout with one small real dependency, as our own package-lock.json pins it. */
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "seaworthy-packages-"));
  const ours = JSON.parse(await readFile(path.join(here, "..", "package-lock.json"), "utf8"));
  const name = "node_modules/commander";
  const version = ours.packages[name].version;
  const manifest = { name: "checkout", version: "1.0.0", dependencies: { commander: version } };
  await writeFile(path.join(root, "package.json"), JSON.stringify(manifest));
  const packages = { "": manifest, [name]: ours.packages[name] };
  await writeFile(
    path.join(root, "package-lock.json"),
    JSON.stringify({ ...manifest, lockfileVersion: 3, packages }),
  );
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** installPackages in a process group of its own, so that all of it can be killed. */
function install() {
  const script = `
    const { installPackages } = await import(${JSON.stringify(path.join(here, "packages.mjs"))});
    await installPackages(${JSON.stringify(root)}, (line) => console.log(line));`;
  const { npm_execpath: _, ...env } = process.env;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...env, SEAWORTHY_CACHE: path.join(root, "cache") },
    detached: true,
  });
}

async function finish(child: ReturnType<typeof install>): Promise<{ code: number; output: string }> {
  let output = "";
  for await (const chunk of child.stdout) output += chunk;
  const code = child.exitCode ?? (await once(child, "exit"))[0];
  return { code, output };
}

describe("npm packages of a checkout", () => {
  test("killed -9 in the middle of npm ci: not taken for finished, and the next call finishes it", async () => {
    const first = install();
    await once(first.stdout, "data"); // "installing npm packages …"
    process.kill(-first.pid!, "SIGKILL");
    await once(first, "exit");
    expect(isUpToDate(root)).toBe(false);

    const second = await finish(install());
    expect(second.code).toBe(0);
    expect(second.output).toContain("done");
    expect(isUpToDate(root)).toBe(true);
    expect(existsSync(path.join(root, "node_modules", "commander", "package.json"))).toBe(true);

    const third = await finish(install());
    expect(third).toEqual({ code: 0, output: "" });
  });

  test("two at once: one installs, the other waits, says so and does not install again", async () => {
    const first = install();
    const [said] = await once(first.stdout, "data");
    expect(`${said}`).toContain("installing npm packages");
    process.kill(-first.pid!, "SIGSTOP"); // until the second has come, however slow that is
    const second = install();
    const [waits] = await once(second.stdout, "data");
    process.kill(-first.pid!, "SIGCONT");
    expect(`${waits}`).toMatch(/^waiting for process \d+, which installs the npm packages …\n$/);
    const both = await Promise.all([finish(first), finish(second)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both[1]?.output).toBe("");
    expect(isUpToDate(root)).toBe(true);
  });

  test("another lockfile makes what is installed stale; an optional package of another platform may be absent", async () => {
    const lock = {
      packages: { "": { version: "1" }, "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } },
    };
    await mkdir(path.join(root, "node_modules"));
    const write = (file: string, content: unknown) =>
      writeFile(path.join(root, file), JSON.stringify(content));
    await write("package-lock.json", lock);
    expect(isUpToDate(root)).toBe(false);
    await write("node_modules/.package-lock.json", lock);
    expect(isUpToDate(root)).toBe(true);
    const withOptional = { ...lock.packages, "node_modules/b": { version: "2.0.0", optional: true } };
    await write("package-lock.json", { packages: withOptional });
    expect(isUpToDate(root)).toBe(true);
    await write("package-lock.json", {
      packages: { "node_modules/a": { version: "1.0.1", integrity: "sha512-b" } },
    });
    expect(isUpToDate(root)).toBe(false);
  });
});
