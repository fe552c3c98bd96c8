import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const packages = lock.packages as Readonly<Record<string, Entry>>;

test("package-lock.json is complete, or `npm ci` refuses on a fresh clone: every dependency, of every platform", () => {
  const missing = Object.entries(packages).flatMap(([place, entry]) => {
    const wanted = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
    return Object.keys(wanted)
      .filter((name) => !isInstalledFor(place, name))
      .map((name) => `${place || "seaworthy"} needs ${name}`);
  });
  expect(missing).toEqual([]);
});

test("package-lock.json pins the bytes of every package, and names no host", () => {
  const loose = Object.entries(packages).filter(([place, entry]) => place !== "" && !entry.integrity);
  const hosts = Object.entries(packages).filter(([, entry]) => entry.resolved);
  expect([...loose, ...hosts].map(([place]) => place)).toEqual([]);
});

/** As Node looks: in the package's own node_modules, then in those above. */
function isInstalledFor(place: string, name: string): boolean {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (packages[folder ? `${folder}/node_modules/${name}` : `node_modules/${name}`]) return true;
    if (folder === "") return false;
  }
}
