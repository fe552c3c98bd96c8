import { Redis } from "ioredis";
import { type Log, reasonOf } from "./log.ts";

const CONNECT_DEADLINE_MS = 2_000;
const PING_EVERY_MS = 1_000;
const RECONNECT_MAX_MS = 500;

export interface RedisConnectionOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly log: Log;
  /** A command ends after this long, also on a link that swallows (A96). */
  readonly commandDeadlineMs: number;
  /** Called with each ping; what it returns, when that ping is answered. */
  readonly pinging?: () => () => void;
}

/**
 * A connection that queues nothing, and comes back by itself until it is disposed of. A link that swallows is noticed
 * by its silence, because a subscriber sends nothing that could fail by itself.
 */
export function connectRedis(name: string, options: RedisConnectionOptions): Redis & Disposable {
  const { address, log, commandDeadlineMs, pinging } = options;
  let closing = false;
  const redis = new Redis({
    ...address,
    connectionName: name,
    connectTimeout: CONNECT_DEADLINE_MS,
    commandTimeout: commandDeadlineMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // Whoever listens subscribes at each "ready": ioredis's own resubscription rejects where nobody can catch it when
    // the new connection breaks at once, and that ends the process.
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    retryStrategy: (times) => (closing ? null : Math.min(times * 50, RECONNECT_MAX_MS)),
  });
  let wasUp = true;
  redis.on("ready", () => {
    wasUp = true;
  });
  redis.on("error", (error) => {
    if (wasUp) log.warn("Redis is away", { connection: name, reason: reasonOf(error) });
    wasUp = false;
  });
  const pings = setInterval(() => {
    if (redis.status !== "ready") return;
    const answered = pinging?.();
    redis.ping().then(
      () => answered?.(),
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
