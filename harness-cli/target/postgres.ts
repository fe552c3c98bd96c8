import { randomUUID } from "node:crypto";
import { cp, mkdir, readdir, readlink, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { SeaworthyError } from "../errors.ts";
import { type Machine, thisMachine } from "../provision/machine.ts";
import { lastLines, runCommand } from "../provision/run-command.ts";
import type { Tools } from "../provision/tools.ts";

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

/**
 * A new data folder with one empty database (initdb's own, `postgres`). `initdb` costs half a second, so its result is kept in the user's
 * cache and copied.
 *
 * @throws SeaworthyError SW_START_FAILED with what initdb said.
 */
export async function makeDataFolder(folder: string, tools: Pick<Tools, "postgres">): Promise<void> {
  const machine = thisMachine();
  const template = path.join(
    machine.cacheDir,
    `pgdata-${TEMPLATE}-${tools.postgres.version}-${machine.platform}`,
  );
  if (!(await stat(template).catch(() => undefined))) await makeTemplate(template, tools, machine);
  await cp(template, folder, { recursive: true, mode: REFLINK_IF_POSSIBLE });
}

/** `COPYFILE_FICLONE`: a copy on write where the file system can. */
const REFLINK_IF_POSSIBLE = 2;

/** Made under another name and renamed when complete; of two at once the first one's stays. */
async function makeTemplate(
  template: string,
  tools: Pick<Tools, "postgres">,
  machine: Machine,
): Promise<void> {
  const part = `${template}.part-${randomUUID()}`;
  await mkdir(path.dirname(template), { recursive: true });
  try {
    await initdb(part, tools, machine);
    await rename(part, template).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function initdb(folder: string, tools: Pick<Tools, "postgres">, machine: Machine): Promise<void> {
  const { command, args } = asPostgresWants(
    path.join(tools.postgres.path, "initdb"),
    [
      ...["-D", folder, "-U", database.user, "-A", "trust", "-E", "UTF8", "--locale=C"],
      ...["--no-sync", "--no-instructions", "--wal-segsize=1"],
    ],
    machine,
  );
  const { code, output } = await runCommand(command, args, {
    env: machine.env,
    timeoutMs: INITDB_DEADLINE_MS,
  });
  if (code === 0) return;
  throw new SeaworthyError(
    "SW_START_FAILED",
    `Postgres could not make its data folder: ${lastLines(output)}`,
    "npx seaworthy doctor checks Postgres",
  );
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

/** A real query over a connection of its own: also false while it still recovers. */
export async function answersQueries(port: number, timeoutMs: number): Promise<boolean> {
  const { Client } = (await import("pg")).default;
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: database.user,
    database: database.name,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  client.on("error", () => {}); // whatever breaks the connection fails the question as well
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
