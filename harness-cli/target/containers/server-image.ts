import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { SeaworthyError } from "../../errors.ts";
import { onDisk } from "../disk.ts";
import { ask, type Docker } from "./daemon.ts";
import { isHere, toTheEnd } from "./images.ts";

/** Of the checkout, or of dist/ in the published package. */
const root = fileURLToPath(new URL("../../../", import.meta.url));
const extension = path.extname(fileURLToPath(import.meta.url));
const PACKAGES = "target-server/image/server-packages.json";
/** A step of the build. */
const COMPILE = ["compile.mjs", "compile.sh"];
const BUILD_DEADLINE_MS = 5 * 60_000;

/** How the image's server is started; source in a checkout, JavaScript in the published package. */
export const serverCommand = ["node", "--max-old-space-size-percentage=75", `target-server/main${extension}`];

/**
 * The image of the target server as it is here, with the packages that are installed here: no network is needed. Its
 * tag is a hash of all that is in it, so the same server is built once.
 *
 * @throws SeaworthyError SW_IMAGE_MISSING with what the build said.
 */
export async function serverImage(docker: Docker, workFolder: () => Promise<string>): Promise<string> {
  const files = await serverFiles();
  const packages = await serverPackages();
  const image = `seaworthy/target-server:${await hashOf(files, packages)}`;
  if (await isHere(docker, image)) return image;
  const context = await onDisk("the target server's image", async () =>
    stage(await workFolder(), files, packages),
  );
  try {
    const output = await ask(
      "building the target server's image",
      docker.buildImage(
        { context, src: ["Dockerfile", "target-server", "node_modules"] },
        { t: image, target: "with-given-packages", dockerfile: "Dockerfile" },
      ),
      BUILD_DEADLINE_MS,
    );
    await toTheEnd(docker, output);
  } catch (error) {
    if (error instanceof SeaworthyError) throw error;
    throw new SeaworthyError(
      "SW_IMAGE_MISSING",
      `the target server's image cannot be built: ${(error as Error).message}`,
      "docker pull node:24-slim, which it is built on, or leave containers out: --run-as processes",
      { cause: error },
    );
  }
  return image;
}

/** Relative to the root, sorted. */
async function serverFiles(): Promise<readonly string[]> {
  const all = await readdir(path.join(root, "target-server"), { recursive: true, withFileTypes: true });
  return all
    .filter(
      ({ name }) =>
        (name.endsWith(extension) || COMPILE.includes(name)) && !/\.(test|e2e|d)\.\w+$/.test(name),
    )
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes("fixtures"))
    .sort();
}

interface Package {
  /** Where it goes, below node_modules. */
  readonly place: string;
  readonly folder: string;
  readonly version: string;
}

/** The packages that the server imports and all that these need, as Node finds them from here. */
async function serverPackages(): Promise<readonly Package[]> {
  const names = JSON.parse(await readFile(path.join(root, PACKAGES), "utf8")) as string[];
  const found = new Map<string, Package>();
  const visit = async (name: string, from: string, place: string): Promise<void> => {
    const folder = await packageFolder(name, from);
    if (folder === undefined) return; // optional, and not for this platform
    const beside = found.get(name);
    // A second version of the same package lies below the one that wants it.
    const own = beside === undefined || beside.folder === folder ? name : `${place}/node_modules/${name}`;
    if (found.has(own)) return;
    const { version, dependencies, optionalDependencies } = await packageJson(folder);
    found.set(own, { place: own, folder, version });
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies }))
      await visit(next, folder, own);
  };
  for (const name of names) await visit(name, root, "");
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`${missing.join(", ")} of ${PACKAGES} are not installed`);
  return [...found.values()].sort((a, b) => (a.place < b.place ? -1 : 1));
}

async function packageFolder(name: string, from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules", name);
    if (await packageJson(candidate).catch(() => undefined)) return candidate;
    if (path.dirname(folder) === folder) return undefined;
  }
}

async function packageJson(folder: string): Promise<{
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}> {
  return JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
}

async function hashOf(files: readonly string[], packages: readonly Package[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["target-server/Dockerfile", ...files]) {
    hash.update(`${file}\0`).update(await readFile(path.join(root, file)));
  }
  for (const { place, version } of packages) hash.update(`\0${place}@${version}`);
  return hash.digest("hex").slice(0, 16);
}

async function stage(
  folder: string,
  files: readonly string[],
  packages: readonly Package[],
): Promise<string> {
  for (const file of files) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await cp(path.join(root, file), path.join(folder, file));
  }
  for (const { place, folder: from } of packages) {
    await cp(from, path.join(folder, "node_modules", place), {
      recursive: true,
      filter: (source) => path.basename(source) !== "node_modules",
    });
  }
  await cp(path.join(root, "target-server/Dockerfile"), path.join(folder, "Dockerfile"));
  return folder;
}
