import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Machine } from "./machine.ts";

/** `<cache>/k6-2.2.0-linux-x64`: one folder per tool, version and platform, so that two checkouts can share the cache. */
export function toolFolder(machine: Machine, tool: string, version: string): string {
  return path.join(machine.cacheDir, `${tool}-${version}-${machine.platform}`);
}

/**
 * Fills `folder` by `fill`, all or nothing: whoever is killed in the middle leaves only a `.part` folder, which
 * the next one removes. When another process was quicker, its result stays.
 */
export async function fillFolder(folder: string, fill: (part: string) => Promise<void>): Promise<void> {
  await removeOldParts(folder);
  const part = `${folder}.part-${randomUUID()}`;
  await mkdir(part, { recursive: true });
  try {
    await fill(part);
    await rename(part, folder).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      // a complete folder that we refused (a damaged binary): put ours in its place
      const old = `${folder}.part-${randomUUID()}`;
      await rename(folder, old);
      await rename(part, folder);
      await rm(old, { recursive: true, force: true });
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** Parts younger than this may belong to a living process that does not hold our lock (another machine's home). */
const abandonedAfterMs = 60 * 60_000;

async function removeOldParts(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(`${path.basename(folder)}.part-`))) {
    const part = path.join(parent, name);
    const { mtimeMs } = await stat(part).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(part, { recursive: true, force: true });
  }
}
