import type { RedisQuestion } from "./health-policies.ts";
import { type Log, reasonOf } from "./log.ts";
import { connectRedis } from "./redis-connection.ts";

/** As long as readiness may wait for a store (A128). */
const ANSWER_WITHIN_MS = 2_000;

/** A connection to Redis for a single question: does it answer PING? `ask` never rejects; undefined is yes. */
export function openRedisQuestion(
  address: { readonly host: string; readonly port: number },
  log: Log,
): RedisQuestion {
  const redis = connectRedis("health", { address, log, commandDeadlineMs: ANSWER_WITHIN_MS });
  const ready = new Promise<void>((resolve, reject) => {
    redis.once("ready", resolve);
    redis.once("error", reject);
  });
  ready.catch(() => {});
  return {
    async ask() {
      try {
        await ready;
        await redis.ping();
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
    [Symbol.dispose]: () => redis[Symbol.dispose](),
  };
}
