/**
 * Removes what a run has left of containers and networks: `node remove-run.ts seaworthy.run=<id>`. The watchdog runs it
 * when the harness was killed.
 */
import { argv, env } from "node:process";
import { meetDaemon, removeAll } from "./daemon.ts";

/** The whole of it must be over 15 s after the harness's death, whose watchdog needs a second itself. */
const REMOVED_WITHIN_MS = 12_000;

if (import.meta.main) {
  const { docker } = await meetDaemon(env);
  await removeAll(docker, argv[2] as string, REMOVED_WITHIN_MS);
}
