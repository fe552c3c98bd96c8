import type { Redis } from "ioredis";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { connectRedis } from "../redis-connection.ts";

const COMMAND_DEADLINE_MS = 2_000;

export interface RelayConnectionOptions {
  readonly redis: { readonly host: string; readonly port: number };
  readonly log: Log;
  readonly metrics: Metrics;
}

/** One of the relay's connections: its pings are measured, and each time that it is there is told. */
export function connectRelay(
  name: string,
  { redis: address, log, metrics }: RelayConnectionOptions,
): Redis & Disposable {
  const redis = connectRedis(name, {
    address,
    log,
    commandDeadlineMs: COMMAND_DEADLINE_MS,
    pinging: () => metrics.redisPingSeconds.startTimer({ connection: name }),
  });
  redis.on("ready", () => log.info("connected to Redis", { connection: name }));
  return redis;
}
