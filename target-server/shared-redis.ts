import { Redis } from "ioredis";
import { type Log, reasonOf } from "./log.ts";

/** What is asked here stands between a client and its answer: a Redis that does not answer must be noticed soon. */
const COMMAND_DEADLINE_MS = 500;
const CONNECT_DEADLINE_MS = 2_000;
const PING_EVERY_MS = 1_000;
const RECONNECT_MAX_MS = 500;

/**
 * A connection for what all instances share about users: tickets, bans, slots, rates. Its own, because the relay's
 * answers must not wait behind it. A command rejects at once while Redis is away, and after 500 ms when it is silent.
 */
export function connectSharedRedis(
  name: string,
  address: { readonly host: string; readonly port: number },
  log: Log,
): Redis & AsyncDisposable {
  let closing = false;
  const redis = new Redis({
    ...address,
    connectionName: name,
    connectTimeout: CONNECT_DEADLINE_MS,
    commandTimeout: COMMAND_DEADLINE_MS,
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
  // A link that swallows is noticed by its silence.
  const pings = setInterval(() => {
    if (redis.status === "ready") redis.ping().catch(() => !closing && redis.disconnect(true));
  }, PING_EVERY_MS);
  pings.unref();
  return Object.assign(redis, {
    async [Symbol.asyncDispose]() {
      closing = true;
      clearInterval(pings);
      redis.disconnect();
    },
  });
}
