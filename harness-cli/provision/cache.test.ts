import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fillFolder } from "./cache.ts";

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(path.join(os.tmpdir(), "seaworthy-cache-"));
  folder = path.join(parent, "k6-2.2.0-linux-x64");
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const writes = (text: string) => (part: string) => writeFile(path.join(part, "k6"), text);

describe("a folder of the cache appears whole or not at all", () => {
  test("killed -9 in the middle of filling: nothing is there, and the next one succeeds", async () => {
    const script = `
      const { fillFolder } = await import(${JSON.stringify(path.join(import.meta.dirname, "cache.ts"))});
      await fillFolder(${JSON.stringify(folder)}, async () => {
        console.log("half way");
        await new Promise(() => setInterval(() => undefined, 1_000));
      });`;
    const builder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(builder.stdout, "data");
    builder.kill("SIGKILL");
    await once(builder, "exit");
    expect(await readdir(parent)).toEqual([expect.stringMatching(/^k6-2\.2\.0-linux-x64\.part-/)]);

    await fillFolder(folder, writes("k6"));
    expect(await readFile(path.join(folder, "k6"), "utf8")).toBe("k6");
  });

  test("a filling that throws leaves nothing behind", async () => {
    const failing = fillFolder(folder, () => Promise.reject(new Error("no disk")));
    await expect(failing).rejects.toThrow("no disk");
    expect(await readdir(parent)).toEqual([]);
  });

  test("a damaged folder is replaced", async () => {
    await fillFolder(folder, writes("damaged"));
    await fillFolder(folder, writes("good"));
    expect(await readFile(path.join(folder, "k6"), "utf8")).toBe("good");
    expect(await readdir(parent)).toEqual(["k6-2.2.0-linux-x64"]);
  });

  test("what somebody abandoned more than an hour ago is removed, what is younger may be in use", async () => {
    await mkdir(`${folder}.part-old`);
    await mkdir(`${folder}.part-young`);
    const longAgo = new Date(Date.now() - 2 * 60 * 60_000);
    await utimes(`${folder}.part-old`, longAgo, longAgo);
    await fillFolder(folder, writes("k6"));
    expect(await readdir(parent)).toEqual(["k6-2.2.0-linux-x64", "k6-2.2.0-linux-x64.part-young"]);
  });
});
