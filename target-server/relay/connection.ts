import { Redis } from "ioredis";
import { type Log, reasonOf } from "../log.ts";
import type { Metrics } from "../metrics.ts";

/** Commands and connects end after this long, also on a link that swallows (A96). */
const DEADLINE_MS = 2_000;
const PING_EVERY_MS = 1_000;
const RECONNECT_MAX_MS = 500;

export interface RelayConnectionOptions {
  readonly redis: { readonly host: string; readonly port: number };
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * One of the relay's connections: it queues nothing, and comes back by itself until it is disposed of. A link that
 * swallows is noticed by its silence, because a subscriber sends nothing that could fail by itself.
 */
export function connectRelay(
  name: string,
  { redis: address, log, metrics }: RelayConnectionOptions,
): Redis & Disposable {
  let closing = false;
  const redis = new Redis({
    ...address,
    connectionName: name,
    connectTimeout: DEADLINE_MS,
    commandTimeout: DEADLINE_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    retryStrategy: (times) => (closing ? null : Math.min(times * 50, RECONNECT_MAX_MS)),
  });
  let wasUp = true;
  redis.on("ready", () => {
    wasUp = true;
    log.info("connected to Redis", { connection: name });
  });
  redis.on("error", (error) => {
    if (wasUp) log.warn("Redis is away", { connection: name, reason: reasonOf(error) });
    wasUp = false;
  });
  const pings = setInterval(() => {
    if (redis.status !== "ready") return;
    const answered = metrics.redisPingSeconds.startTimer({ connection: name });
    redis.ping().then(
      () => answered(),
      () => closing || redis.disconnect(true),
    );
  }, PING_EVERY_MS);
  pings.unref();
  return Object.assign(redis, {
    [Symbol.dispose]() {
      closing = true;
      clearInterval(pings);
      redis.disconnect();
    },
  });
}
