// @ts-check
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { cacheDirOf } from "./cache-dir.mjs";
import { withLock } from "./lock.mjs";

/**
 * Installs the npm packages of a checkout when they are missing or not the ones of package-lock.json. Interrupted
 * in the middle, the next call installs again: npm writes its own list of what is there last.
 *
 * @param {string} root
 * @param {(line: string) => void} say
 */
export async function installPackages(root, say) {
  if (!isUpToDate(root)) {
    const key = createHash("sha256").update(root).digest("hex").slice(0, 16);
    const lock = path.join(cacheDirOf(process.env), "locks", `packages-${key}.lock`);
    const waiting = (/** @type {number} */ pid) =>
      say(`waiting for process ${pid}, which installs the npm packages …`);
    await withLock(lock, () => (isUpToDate(root) ? Promise.resolve() : npmCi(root, say)), waiting);
  }
}

/**
 * Whether node_modules holds what package-lock.json says. npm's hidden lockfile is the record of a finished
 * install, by `npm ci` or by hand; an optional package may be absent (another platform).
 *
 * @param {string} root
 */
export function isUpToDate(root) {
  const wanted = packagesIn(path.join(root, "package-lock.json"));
  const there = packagesIn(path.join(root, "node_modules", ".package-lock.json"));
  if (!wanted || !there) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === "") return true; // the checkout itself
    const found = there[name];
    return found
      ? found.version === entry.version && found.integrity === entry.integrity
      : entry.optional === true;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version: string, integrity?: string, optional?: boolean }> | undefined}
 */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} root
 * @param {(line: string) => void} say
 */
async function npmCi(root, say) {
  say("installing npm packages …");
  const startedAt = Date.now();
  const included = ["--include=dev", "--include=optional"];
  // Nothing of ours needs a package's own script; those there are would compile add-ons that nobody uses (ssh2's).
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts", ...included];
  // the npm that runs us, when one does
  const [command, prefix] = process.env.npm_execpath
    ? [process.execPath, [process.env.npm_execpath]]
    : ["npm", []];
  const npm = spawn(command, [...prefix, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ticker = setInterval(() => say(`installing npm packages … ${seconds(startedAt)} s`), 10_000);
  /** @type {number | null} */
  const code = await new Promise((resolve) => {
    npm.on("error", (error) => {
      output += error.message;
      resolve(null);
    });
    npm.on("close", resolve);
  });
  clearInterval(ticker);
  if (code !== 0) throw new Error(`npm ci failed:\n${firstErrors(output)}`);
  say(`installing npm packages … ${seconds(startedAt)} s done`);
}

/**
 * npm says what is wrong first and shows its whole usage afterwards.
 *
 * @param {string} output
 */
function firstErrors(output) {
  const lines = output.split("\n").map((line) => line.replace(/^npm error ?/, ""));
  return lines.filter(Boolean).slice(0, 12).join("\n");
}

/** @param {number} startedAt */
function seconds(startedAt) {
  return Math.round((Date.now() - startedAt) / 1_000);
}
