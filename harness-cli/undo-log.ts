import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import type { FaultWindow, Stage } from "../chaos/timeline.ts";

/**
 * One file for each fault that is in force, on disk before the act and gone after the undo. Whoever finds one in a
 * run's folder knows what that run may have left behind.
 */
export function undoLogIn(runDir: string): Stage["undoLog"] {
  const folder = path.join(runDir, "undo");
  const file = (window: FaultWindow) => path.join(folder, `${window.index}.json`);
  return {
    async add(window) {
      await mkdir(folder, { recursive: true });
      await using handle = await open(file(window), "w");
      await handle.writeFile(JSON.stringify(window));
      await handle.sync();
    },
    remove: (window) => rm(file(window), { force: true }),
  };
}
