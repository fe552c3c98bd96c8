import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import type { FaultWindow, Stage } from "../chaos/timeline.ts";

/**
 * One file for each fault that is in force, on disk before the act and gone after the undo, the folder's entry
 * included. Whoever finds one in a run's folder knows what that run may have left behind.
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
      // A file whose name is not on disk is lost with the power, however well its content was written.
      await using entry = await open(folder);
      await entry.sync();
    },
    remove: (window) => rm(file(window), { force: true }),
  };
}
