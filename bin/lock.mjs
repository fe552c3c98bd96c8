// @ts-check
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { link, mkdir, open, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {{ place: string, pid: number, startedAt: string, token: string }} Owner */

const pollMs = 150;
const beatMs = 5_000;
/** An owner that we cannot ask (another machine or container on the same home) is dead when its beat stopped. */
const silentMs = 60_000;

/**
 * Does `action` while no other process holds `file`. The lock names its owner by pid and start time, so one whose
 * owner was killed is broken by the next; `onWait` is called once when somebody else is at it.
 *
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} action
 * @param {(ownerPid: number) => void} [onWait]
 * @returns {Promise<T>}
 */
export async function withLock(file, action, onWait) {
  const token = await acquire(file, onWait);
  const beat = setInterval(() => utimes(file, new Date(), new Date()).catch(() => undefined), beatMs);
  beat.unref();
  try {
    return await action();
  } finally {
    clearInterval(beat);
    if ((await ownerOf(file))?.token === token) await rm(file, { force: true });
  }
}

/**
 * @param {string} file
 * @param {((ownerPid: number) => void) | undefined} onWait
 */
async function acquire(file, onWait) {
  await mkdir(path.dirname(file), { recursive: true });
  const token = randomUUID();
  const mine = `${file}.${token}`;
  /** @type {Owner} */
  const owner = { place: place(), pid: process.pid, startedAt: startOf(process.pid) ?? "", token };
  await writeFile(mine, JSON.stringify(owner));
  try {
    for (let waited = false; ; ) {
      // link() is atomic and takes the content along: nobody ever reads half an owner
      if (await succeeds(link(mine, file), "EEXIST")) return token;
      const other = await ownerOf(file);
      if (other && (await isDead(other, file))) {
        await breakLock(file);
        continue;
      }
      if (other && !waited) {
        waited = true;
        onWait?.(other.pid);
      }
      await sleep(pollMs);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/**
 * Two who find the same dead owner must not both remove the file: the slower one would remove the quicker one's new
 * lock. So only who holds the `.break` file may, after looking again.
 *
 * @param {string} file
 */
async function breakLock(file) {
  const breaking = `${file}.break`;
  const handle = await open(breaking, "wx").catch(() => undefined);
  if (!handle) {
    // whoever was killed while breaking, in that instant, left it behind
    const { mtimeMs } = await stat(breaking).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 10_000) await rm(breaking, { force: true });
    await sleep(pollMs);
    return;
  }
  try {
    await handle.close();
    const other = await ownerOf(file);
    if (other && (await isDead(other, file))) await rm(file, { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}

/**
 * @param {string} file
 * @returns {Promise<Owner | undefined>} undefined when it was released just now
 */
async function ownerOf(file) {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return { place: "", pid: 0, startedAt: "", token: text }; // not ours to read: its age decides
  }
}

/**
 * @param {Owner} owner
 * @param {string} file
 */
async function isDead(owner, file) {
  if (owner.place !== place()) {
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
    return Date.now() - mtimeMs > silentMs;
  }
  return startOf(owner.pid) !== owner.startedAt;
}

/** Where a pid means something: this machine, and on Linux this container. */
function place() {
  try {
    return `${os.hostname()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return os.hostname();
  }
}

/**
 * When a process started, in whatever words the system has; pids are used again, the pair is not.
 *
 * @param {number} pid
 * @returns {string | undefined} undefined when it is not running
 */
function startOf(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH") return undefined;
  }
  try {
    // fields after the name, which may hold spaces and brackets: state is the first, start time the twentieth
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    if (process.platform === "linux") return undefined;
  }
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return ""; // no ps (Windows): the pid alone has to do
  }
}

/**
 * @param {Promise<unknown>} attempt
 * @param {string} expectedCode
 */
async function succeeds(attempt, expectedCode) {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === expectedCode) return false;
    throw error;
  }
}
