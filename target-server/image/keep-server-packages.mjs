// @ts-check
/**
 * Runs in the image's build, in a folder with this project's package.json and package-lock.json: leaves in both only
 * what the target server needs, in the versions of the lock, so that `npm ci` installs that and nothing else.
 */
import { readFileSync, writeFileSync } from "node:fs";

/** @type {string[]} */
const names = JSON.parse(readFileSync("server-packages.json", "utf8"));
const project = JSON.parse(readFileSync("package.json", "utf8"));
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));

const dependencies = Object.fromEntries(names.map((name) => [name, project.dependencies[name]]));
const root = { name: "target-server", version: project.version };
/** @type {Record<string, { dependencies?: object, optionalDependencies?: object }>} */
const kept = { "": { ...root, dependencies } };
for (const name of names) keep("", name);
const { lockfileVersion } = lock;
writeFileSync("package.json", JSON.stringify({ ...root, type: "module", dependencies }));
writeFileSync(
  "package-lock.json",
  JSON.stringify({ ...root, lockfileVersion, requires: true, packages: kept }),
);

/**
 * @param {string} from the place in the lock of whoever needs it
 * @param {string} name
 */
function keep(from, name) {
  const place = placeOf(from, name);
  if (place === undefined) throw new Error(`${name} is not in package-lock.json`);
  if (kept[place]) return;
  const entry = lock.packages[place];
  kept[place] = entry;
  for (const next of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) keep(place, next);
}

/**
 * As Node looks: in the package's own node_modules, then in those above.
 *
 * @param {string} from
 * @param {string} name
 */
function placeOf(from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const place = folder ? `${folder}/node_modules/${name}` : `node_modules/${name}`;
    if (lock.packages[place]) return place;
    if (folder === "") return undefined;
  }
}
