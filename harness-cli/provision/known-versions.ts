import { mkdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Machine } from "./machine.ts";
import { runCommand } from "./run-command.ts";

interface Known {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly inode: number;
  readonly version: string;
}

/**
 * What each program said about its version, remembered as long as the file stays the same (size, time, inode):
 * executing four programs on each start would cost more than the whole bring-up may (k6 alone 0.3 s).
 */
export class KnownVersions {
  readonly #file: string;
  readonly #known: Map<string, Known>;
  #changed = false;

  private constructor(file: string, known: Map<string, Known>) {
    this.#file = file;
    this.#known = known;
  }

  static async load(machine: Machine): Promise<KnownVersions> {
    const file = path.join(machine.cacheDir, "known-versions.json");
    const text = await readFile(file, "utf8").catch(() => "{}");
    return new KnownVersions(file, parse(text));
  }

  /** The version that `program` reports, or undefined with the reason when it does not run or says something else. */
  async ask(
    machine: Machine,
    program: string,
    args: readonly string[],
    pattern: RegExp,
  ): Promise<{ version: string } | { problem: string }> {
    const real = await realpath(program);
    const { size, mtimeMs, ino } = await stat(real);
    const known = this.#known.get(real);
    if (known && known.sizeBytes === size && known.modifiedMs === mtimeMs && known.inode === ino) {
      return { version: known.version };
    }
    const answer = await runCommand(program, args, { env: machine.env, timeoutMs: 20_000 });
    const version = pattern.exec(answer.output)?.[1];
    if (answer.code !== 0) return { problem: `it does not run here (${answer.output.trim().slice(0, 200)})` };
    if (!version) return { problem: `it does not say a version (${answer.output.trim().slice(0, 80)})` };
    this.#known.set(real, { sizeBytes: size, modifiedMs: mtimeMs, inode: ino, version });
    this.#changed = true;
    return { version };
  }

  /** Only a memory: when it cannot be written, the next start asks again. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    const part = `${this.#file}.part-${crypto.randomUUID()}`;
    await mkdir(path.dirname(this.#file), { recursive: true })
      .then(() => writeFile(part, JSON.stringify(Object.fromEntries(this.#known), null, 1)))
      .then(() => rename(part, this.#file))
      .catch(() => undefined);
  }
}

function parse(text: string): Map<string, Known> {
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, Known>);
    return new Map(entries.filter(([, known]) => typeof known?.version === "string"));
  } catch {
    return new Map(); // torn or foreign: ask again
  }
}
