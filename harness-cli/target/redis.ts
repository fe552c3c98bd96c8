import { setTimeout as wait } from "node:timers/promises";
import { within } from "../../chaos/deadline.ts";
import { roundTrip } from "../../chaos/round-trip.ts";
import type { Link, RedisReplica, RedisReply, RedisStore } from "../../chaos/topology.ts";
import type { Tools } from "../provision/tools.ts";
import { choosePorts } from "./ports.ts";
import { type OwnProcess, ownProcess, type ProcessNews } from "./process-port.ts";
import type { Supervisor } from "./supervisor.ts";

export interface RedisPlace {
  readonly supervisor: Supervisor;
  readonly onEvent: (event: ProcessNews) => void;
  readonly folder: string;
  /** By name of process. */
  readonly logFile: (name: string) => string;
}

const COMMAND_DEADLINE_MS = 3_000;
const IN_SYNC_WITHIN_MS = 8_000;
const ASK_EVERY_MS = 20;

/** Without persistence: a restart loses everything, which is what a fault on it means (E20). */
export function redisProcess(
  tools: Pick<Tools, "redis">,
  name: string,
  port: number,
  place: RedisPlace,
): OwnProcess {
  const { supervisor, onEvent, folder, logFile } = place;
  return ownProcess({
    supervisor,
    onEvent,
    canBeLimited: true,
    spec: {
      name,
      command: tools.redis.path,
      args: [
        ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--dbfilename", `${name}.rdb`],
        ...["--save", "", "--appendonly", "no", "--daemonize", "no"],
        // A replica of a fault must be in sync within its deadline; the default waits 5 s for others.
        ...["--repl-diskless-sync-delay", "0"],
      ],
      logFile: logFile(name),
    },
    answers: async (timeoutMs) =>
      (await roundTrip({ host: "127.0.0.1", port }, "redis", timeoutMs)) !== undefined,
  });
}

export interface RedisStoreOptions {
  readonly tools: Pick<Tools, "redis">;
  readonly process: OwnProcess;
  readonly port: number;
  readonly links: readonly Link[];
  readonly place: RedisPlace;
}

export function redisStore({ tools, process, port, links, place }: RedisStoreOptions): RedisStore {
  return storeWithReplicas({
    ...{ process, port, links },
    replica: (name, own) => ({
      process: redisProcess(tools, name, own, place),
      address: `127.0.0.1:${own}`,
    }),
  });
}

/** A Redis that can have replicas, however their processes are started. */
export interface ReplicatedStore {
  readonly process: OwnProcess;
  /** Where the harness reaches it. */
  readonly port: number;
  readonly links: readonly Link[];
  /** Where a replica reaches it; absent: where the harness does. */
  readonly address?: string;
  /** One that is not started yet, whose port for the harness is `port`; `address` is for the links. */
  replica(name: string, port: number): { readonly process: OwnProcess; readonly address: string };
}

export function storeWithReplicas(options: ReplicatedStore): RedisStore {
  const { process, port, links, address } = options;
  const command = commandOn(port);
  let replicas = 0;
  return {
    kind: "store",
    name: "redis",
    engine: "redis",
    url: `redis://127.0.0.1:${port}`,
    ...(address === undefined ? {} : { address }),
    process,
    links,
    command,
    follow: (to) => follow(command, to),
    async startReplica(): Promise<RedisReplica> {
      const name = `redis-replica-${++replicas}`;
      const own = (await choosePorts([name]))[name] as number;
      const replica = options.replica(name, own);
      await replica.process.start();
      try {
        await follow(commandOn(own), address ?? `127.0.0.1:${port}`);
      } catch (error) {
        await replica.process.stop();
        throw error;
      }
      return {
        address: replica.address,
        command: commandOn(own),
        [Symbol.asyncDispose]: () => replica.process.stop(),
      };
    },
  };
}

/** In sync: the link to the other one is up, and the first copy of its data is complete. */
export async function follow(command: RedisStore["command"], address: string): Promise<void> {
  const [host, port] = address.split(":") as [string, string];
  await command("REPLICAOF", host, port);
  const untilMs = performance.now() + IN_SYNC_WITHIN_MS;
  for (;;) {
    const info = String(await command("INFO", "replication"));
    if (/^master_link_status:up/m.test(info) && /^master_sync_in_progress:0/m.test(info)) return;
    if (performance.now() >= untilMs)
      throw new Error(`not in sync with ${address} in ${IN_SYNC_WITHIN_MS} ms`);
    await wait(ASK_EVERY_MS);
  }
}

export function commandOn(port: number): RedisStore["command"] {
  return async (name, ...args) => {
    const { Redis } = await import("ioredis");
    const redis = new Redis({
      host: "127.0.0.1",
      port,
      lazyConnect: true,
      // Nothing but the command itself: a Redis that holds back or loads would never be "ready".
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
    });
    redis.on("error", () => {}); // whatever breaks the connection rejects the command as well
    try {
      const asked = redis.connect().then(() => redis.call(name, ...args));
      return (await within(COMMAND_DEADLINE_MS, `Redis: ${name}`, asked)) as RedisReply;
    } finally {
      redis.disconnect();
    }
  };
}
