import path from "node:path";
import process from "node:process";
import { cacheDirOf } from "../../bin/cache-dir.mjs";

/**
 * What provisioning knows of the machine it runs on: the only place here that reads `process`, so that a test can
 * describe another machine (an empty PATH, an empty cache) without touching its own.
 */
export interface Machine {
  /** `linux-x64`, `darwin-arm64` …: Node's own words. */
  readonly platform: string;
  /** Folders to search for programs, in order: those of PATH, then where Debian keeps servers, which only root's PATH has. */
  readonly searchPath: readonly string[];
  /** Where we keep what we built or fetched; absolute; may not exist yet. */
  readonly cacheDir: string;
  /** The Node that runs us. */
  readonly node: { readonly path: string; readonly version: string };
  readonly isRoot: boolean;
  /** The environment for programs we start. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function thisMachine(): Machine {
  return {
    platform: `${process.platform}-${process.arch}`,
    searchPath: [...(process.env.PATH ?? "").split(path.delimiter), "/usr/local/sbin", "/usr/sbin"].filter(
      (folder) => path.isAbsolute(folder),
    ),
    cacheDir: cacheDirOf(process.env),
    node: { path: process.execPath, version: process.versions.node },
    isRoot: process.getuid?.() === 0,
    env: process.env,
  };
}
