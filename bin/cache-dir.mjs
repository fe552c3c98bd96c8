// @ts-check
import os from "node:os";
import path from "node:path";

/**
 * Where we keep what was built or fetched, for this user: `SEAWORTHY_CACHE`, else `$XDG_CACHE_HOME/seaworthy`, else
 * `~/.cache/seaworthy`. The XDG rules ignore a relative path.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} [home]
 * @returns {string} absolute; may not exist yet
 */
export function cacheDirOf(env, home = os.homedir()) {
  if (env.SEAWORTHY_CACHE) return path.resolve(env.SEAWORTHY_CACHE);
  const xdg = env.XDG_CACHE_HOME;
  return path.join(xdg && path.isAbsolute(xdg) ? xdg : path.join(home, ".cache"), "seaworthy");
}
