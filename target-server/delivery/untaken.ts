import type { Redis } from "ioredis";
import { type Envelope, isAfter, parseEnvelope } from "../envelope.ts";
import { bufferKey, missedKey, untakenKey } from "./user-queue-keys.ts";

/** Returns Redis's clock in ms, then place and body by turns. */
const readScript = `
local time = redis.call('TIME')
local all = redis.call('HGETALL', KEYS[1])
table.insert(all, 1, tostring(tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
return all
`;

/**
 * A session ended without having taken these. Where the user has another one they stay for it; else they go to the
 * end of the offline buffer. ARGV: queue, now, how long the buffer and its count are kept, then places in their order.
 */
const giveUpScript = `
if redis.call('ZCOUNT', KEYS[2], ARGV[2], '+inf') > 0 then return 0 end
local moved = 0
for n = 5, #ARGV do
  local body = redis.call('HGET', KEYS[1], ARGV[n])
  if body then
    redis.call('HDEL', KEYS[1], ARGV[n])
    redis.call('RPUSH', KEYS[3], ARGV[1] .. '\\n' .. body)
    moved = moved + 1
  end
end
if moved > 0 then
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
  redis.call('INCRBY', KEYS[4], moved)
  redis.call('PEXPIRE', KEYS[4], ARGV[4])
end
return moved
`;

interface Scripts {
  readUntaken(key: string): Promise<string[]>;
  giveUpUntaken(
    ...args: [...keys: [string, string, string, string], ...rest: (string | number)[]]
  ): Promise<number>;
}

export interface UntakenOptions {
  readonly redis: Redis;
  /** A session that lives shows within this time that it has taken a message, ms. */
  readonly shownWithinMs: number;
  readonly buffer: { readonly ttlMs: number };
  /** How long it is known that something was missed, ms. */
  readonly keepMs: number;
}

export type LoggedEnvelope = Envelope & { readonly logId: string };

export interface UntakenNow {
  /** No session that lives can have it: their time is over. */
  readonly lost: readonly LoggedEnvelope[];
  /** A session may still show that it has taken these. */
  readonly open: readonly LoggedEnvelope[];
  /** Until when the last of them may be shown, ms from now. */
  readonly openForMs: number;
}

/**
 * What was sent to a user's sessions, and none of them has shown yet that it took it: a half-open connection takes
 * everything and gives it to nobody (B63). Kept in Redis, so that it outlives the instance too, as long as the offline
 * buffer; `pushToUser` puts it there.
 */
export class Untaken {
  readonly #options: UntakenOptions;
  readonly #redis: Redis & Scripts;

  constructor(options: UntakenOptions) {
    const { redis } = options;
    this.#options = options;
    redis.defineCommand("readUntaken", { numberOfKeys: 1, lua: readScript });
    redis.defineCommand("giveUpUntaken", { numberOfKeys: 4, lua: giveUpScript });
    this.#redis = redis as Redis & Scripts;
  }

  /** A session has shown that it took them. */
  async taken(user: string, queue: string, logIds: readonly string[]): Promise<void> {
    if (logIds.length > 0) await this.#redis.hdel(untakenKey(user, queue), ...logIds);
  }

  async read(user: string, queue: string): Promise<UntakenNow> {
    const { shownWithinMs } = this.#options;
    const [now, ...fields] = await this.#redis.readUntaken(untakenKey(user, queue));
    const all: LoggedEnvelope[] = [];
    for (let n = 0; n + 1 < fields.length; n += 2) {
      const envelope = parseEnvelope(`{"logId":"${fields[n]}",${fields[n + 1]}`);
      if (envelope !== undefined) all.push(envelope as LoggedEnvelope);
    }
    all.sort((a, b) => (isAfter(a.logId, b.logId) ? 1 : -1));
    const untilMs = (one: LoggedEnvelope) => Number.parseInt(one.logId, 10) + shownWithinMs;
    const open = all.filter((one) => untilMs(one) > Number(now));
    const last = open.at(-1);
    return {
      lost: all.slice(0, all.length - open.length),
      open,
      openForMs: last === undefined ? 0 : untilMs(last) - Number(now),
    };
  }

  /** Returns how many went to the offline buffer. */
  async giveUp(user: string, queue: string, onlineKey: string, logIds: readonly string[]): Promise<number> {
    const { buffer, keepMs } = this.#options;
    return this.#redis.giveUpUntaken(
      ...([untakenKey(user, queue), onlineKey, bufferKey(user), missedKey(user, queue)] as const),
      ...[queue, Date.now(), buffer.ttlMs, keepMs, ...logIds],
    );
  }
}
