import type { Redis } from "ioredis";
import type { Log } from "./log.ts";
import { connectRedis } from "./redis-connection.ts";

/** What is asked here stands between a client and its answer: a Redis that does not answer must be noticed soon. */
const COMMAND_DEADLINE_MS = 500;

/**
 * A connection for what all instances share about users: tickets, bans, slots, rates. Its own, because the relay's
 * answers must not wait behind it. A command rejects at once while Redis is away, and after 500 ms when it is silent.
 */
export function connectSharedRedis(
  name: string,
  address: { readonly host: string; readonly port: number },
  log: Log,
): Redis & AsyncDisposable {
  const redis = connectRedis(name, { address, log, commandDeadlineMs: COMMAND_DEADLINE_MS });
  return Object.assign(redis, {
    async [Symbol.asyncDispose]() {
      redis[Symbol.dispose]();
    },
  });
}
