import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { version } from "../version.ts";

const ROOMS = ["target-server", "scenarios", "chaos", "reports", "harness-cli"];

/**
 * The version of what is proved: the package's, and a mark of every source that takes part in a run (tests do not). A
 * result of other code is no result of this one.
 */
export async function sourceMark(): Promise<string> {
  const root = path.resolve(import.meta.dirname, "../..");
  const hash = createHash("sha256");
  for (const room of ROOMS) {
    const files = (await readdir(path.join(root, room), { recursive: true })).sort();
    for (const file of files) {
      if (
        !/\.(ts|js)$/.test(file) ||
        /\.(test|e2e|d)\.ts$|(^|\/)(e2e|fixtures|testing|docs|bench)\//.test(file)
      )
        continue;
      hash.update(`${room}/${file}\n`).update(await readFile(path.join(root, room, file)));
    }
  }
  return `${await version()}+${hash.digest("hex").slice(0, 12)}`;
}
