import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Machine, thisMachine } from "./machine.ts";

/**
 * For tests: a machine with an empty PATH and an empty cache, in a temporary folder. Its programs are shell scripts
 * that really run.
 */
export interface FakeMachine extends AsyncDisposable {
  readonly machine: Machine;
  readonly bin: string;
  /** Puts an executable shell script on the PATH. Returns its path. */
  program(name: string, script: string): Promise<string>;
}

export async function fakeMachine(changes: Partial<Machine> = {}): Promise<FakeMachine> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "seaworthy-machine-"));
  const bin = path.join(folder, "bin");
  await mkdir(bin);
  return {
    bin,
    machine: {
      ...thisMachine(),
      searchPath: [bin],
      cacheDir: path.join(folder, "cache"),
      isRoot: false,
      env: { PATH: bin, HOME: folder },
      ...changes,
    },
    async program(name, script) {
      const file = path.join(bin, name);
      await writeFile(file, `#!/bin/sh\n${script}\n`);
      await chmod(file, 0o755);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
