import { randomUUID } from "node:crypto";
import { cp, mkdir, readdir, readlink, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { within } from "../../chaos/deadline.ts";
import { SeaworthyError } from "../errors.ts";
import { type Machine, thisMachine } from "../provision/machine.ts";
import type { Tools } from "../provision/tools.ts";
import { onDisk } from "./disk.ts";
import { howItEnded, StartFailed } from "./process-port.ts";
import type { Supervisor } from "./supervisor.ts";

/** Trust authentication: it listens on 127.0.0.1 only, holds test data only, and lives as long as the run. */
export const database = { name: "postgres", user: "seaworthy", password: "seaworthy" } as const;

/** Counted up whenever what follows would make another data folder. */
const TEMPLATE = 1;
const INITDB_DEADLINE_MS = 60_000;

/**
 * fsync is off, so a power cut would lose data; a killed process loses nothing, because every commit still waits
 * until the kernel has it (synchronous_commit stays on): a receipt means a durable row also in a crash test.
 */
export const postgresSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  fsync: "off",
  full_page_writes: "off",
  max_connections: "200",
  log_min_messages: "warning",
} as const;

/** Postgres refuses to run as root: a user namespace makes it somebody else to itself. */
export function asPostgresWants(
  command: string,
  args: readonly string[],
  machine: Machine = thisMachine(),
): { readonly command: string; readonly args: readonly string[] } {
  if (!machine.isRoot) return { command, args };
  if (!machine.platform.startsWith("linux")) {
    throw new SeaworthyError(
      "SW_START_FAILED",
      "Postgres does not run as root, and only Linux has user namespaces to get around it",
      "run Seaworthy as a normal user",
    );
  }
  return {
    command: "unshare",
    args: ["--user", "--map-user=65534", "--map-group=65534", command, ...args],
  };
}

export interface DataFolderOptions {
  /** Must not exist yet. */
  readonly folder: string;
  readonly tools: Pick<Tools, "postgres">;
  readonly supervisor: Supervisor;
  readonly logFile: string;
}

/**
 * A new data folder with one empty database (initdb's own, `postgres`). `initdb` costs half a second, so its result
 * is kept in the user's cache and copied from there.
 *
 * @throws SeaworthyError SW_START_FAILED with what initdb said, SW_DISK_FULL.
 */
export async function makeDataFolder(options: DataFolderOptions): Promise<void> {
  const { folder, tools } = options;
  const { cacheDir, platform } = thisMachine();
  const template = path.join(cacheDir, `pgdata-${TEMPLATE}-${tools.postgres.version}-${platform}`);
  await onDisk("Postgres's data folder", async () => {
    if (await stat(template).catch(() => undefined)) return copy(template, folder);
    await initdb(options);
    // Without a place for it (a cache that cannot be written) only the next start is the slower.
    await keepTemplate(folder, template).catch(() => {});
  });
}

/** `COPYFILE_FICLONE`: a copy on write where the file system can. */
const REFLINK_IF_POSSIBLE = 2;

function copy(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, mode: REFLINK_IF_POSSIBLE });
}

/** Copied under another name and renamed when complete; of two at once the first one's stays. */
async function keepTemplate(folder: string, template: string): Promise<void> {
  await mkdir(path.dirname(template), { recursive: true });
  await removeAbandonedParts(template);
  const part = `${template}.part-${randomUUID()}`;
  try {
    await copy(folder, part);
    await rename(part, template).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** Of harnesses that were killed in the middle of a copy; a living one needs less than this. */
const ABANDONED_AFTER_MS = 10 * 60_000;

async function removeAbandonedParts(template: string): Promise<void> {
  const parent = path.dirname(template);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${path.basename(template)}.part-`)) continue;
    const part = path.join(parent, name);
    const { mtimeMs } = await stat(part).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(part, { recursive: true, force: true });
  }
}

async function initdb({ folder, tools, supervisor, logFile }: DataFolderOptions): Promise<void> {
  const child = await supervisor.spawn({
    name: "initdb",
    logFile,
    ...asPostgresWants(path.join(tools.postgres.path, "initdb"), [
      ...["-D", folder, "-U", database.user, "-A", "trust", "-E", "UTF8", "--locale=C"],
      ...["--no-sync", "--no-instructions", "--wal-segsize=1"],
    ]),
  });
  const exit = await within(INITDB_DEADLINE_MS, "initdb", child.exit).finally(() => child.stop());
  if (exit.code !== 0) throw new StartFailed(`initdb ${howItEnded(exit)}`, child.lastLines(), logFile);
}

/**
 * After a SIGKILL the postmaster's children may live on for some milliseconds, and a new one refuses the data
 * folder while they do. Waits for them (Linux: whoever works in that folder), then removes the dead one's pid file,
 * whose pid may belong to someone else by now.
 */
export async function clearAfterKill(dataFolder: string): Promise<void> {
  const untilMs = performance.now() + ORPHANS_DEADLINE_MS;
  while ((await anyoneIn(dataFolder)) && performance.now() < untilMs) await wait(10);
  await rm(path.join(dataFolder, "postmaster.pid"), { force: true });
}

const ORPHANS_DEADLINE_MS = 5_000;

async function anyoneIn(folder: string): Promise<boolean> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const cwds = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return cwds.includes(folder);
}

/** Not connected yet; its deadlines are its own. To be ended by the caller. */
export async function postgresClient(
  port: number,
  { connectMs, queryMs }: { connectMs: number; queryMs: number },
) {
  const { Client } = (await import("pg")).default;
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: database.user,
    database: database.name,
    password: database.password,
    connectionTimeoutMillis: connectMs,
    query_timeout: queryMs,
    statement_timeout: queryMs,
  });
  client.on("error", () => {}); // whatever breaks the connection rejects what is asked of it as well
  return client;
}

/** A real query over a connection of its own: also false while it still recovers. */
export async function answersQueries(port: number, timeoutMs: number): Promise<boolean> {
  const client = await postgresClient(port, { connectMs: timeoutMs, queryMs: timeoutMs });
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    void client.end().catch(() => {});
  }
}
