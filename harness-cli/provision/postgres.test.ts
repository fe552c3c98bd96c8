import { mkdir, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linkLibraries } from "./postgres.ts";

let native: string;
beforeEach(async () => {
  native = path.join(await mkdtemp(path.join(os.tmpdir(), "seaworthy-pg-")), "native");
  await mkdir(path.join(native, "lib"), { recursive: true });
  const links = [
    { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" },
    { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so" },
  ];
  await writeFile(path.join(native, "pg-symlinks.json"), JSON.stringify(links));
  await writeFile(path.join(native, "lib", "libpq.so.5.18"), "");
});
afterEach(() => rm(path.dirname(native), { recursive: true, force: true }));

describe("the library links that an npm package cannot carry", () => {
  test("are made from the list, relative, so that the folder can be moved", async () => {
    expect(await linkLibraries(native)).toBe(true);
    expect(await readlink(path.join(native, "lib", "libpq.so.5"))).toBe("libpq.so.5.18");
    expect(await readlink(path.join(native, "lib", "libpq.so"))).toBe("libpq.so.5.18");
  });

  test("two at once, and a second time, are fine", async () => {
    expect(await Promise.all([linkLibraries(native), linkLibraries(native)])).toEqual([true, true]);
    expect(await linkLibraries(native)).toBe(true);
  });

  test("where they cannot be made: false, and the package is copied to the cache instead", async () => {
    await rm(path.join(native, "lib"), { recursive: true });
    expect(await linkLibraries(native)).toBe(false);
  });
});
