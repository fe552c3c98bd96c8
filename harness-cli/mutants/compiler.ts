import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** What the compiler refuses needs no test: nobody can write it and not be told. */
export interface Compiler extends AsyncDisposable {
  /** Whether the file could be this text. */
  accepts(file: string, text: string): Promise<boolean>;
}

const SOURCES = ["chaos", "reports", "scenarios", "target-server", "package.json", "tsconfig.json"];

/** Works on a copy of the sources in a temporary folder, one file changed at a time. */
export async function compilerFor(root: string): Promise<Compiler> {
  const dir = await mkdtemp(path.join(tmpdir(), "seaworthy-mutants-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dir, { recursive: true }));
  for (const name of SOURCES) await cp(path.join(root, name), path.join(dir, name), { recursive: true });
  await symlink(path.join(root, "node_modules"), path.join(dir, "node_modules"));
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const owned = stack.move();
  return {
    async accepts(file, text) {
      await writeFile(path.join(dir, file), text);
      const config = { extends: "./tsconfig.json", include: [file] };
      await writeFile(path.join(dir, "tsconfig.one.json"), JSON.stringify(config));
      try {
        await promisify(execFile)(process.execPath, [tsc, "-p", path.join(dir, "tsconfig.one.json")]);
        return true;
      } catch (error) {
        if ((error as { code?: unknown }).code === 2 || (error as { code?: unknown }).code === 1)
          return false;
        throw error;
      } finally {
        await cp(path.join(root, file), path.join(dir, file));
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
