import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import path from "node:path";
import type { Machine } from "./machine.ts";

/** Every program of one of these names on the PATH, in order; the same file is listed once. */
export async function onPath(machine: Machine, names: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const seen = new Set<string>();
  for (const folder of machine.searchPath) {
    for (const name of names) {
      const file = path.join(folder, executable(machine, name));
      if (!(await isExecutable(file))) continue;
      const real = await realpath(file);
      if (seen.has(real)) continue;
      seen.add(real);
      found.push(file);
    }
  }
  return found;
}

export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

export function executable(machine: Machine, name: string): string {
  return machine.platform.startsWith("win32") ? `${name}.exe` : name;
}
