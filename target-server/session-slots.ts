import type { Redis } from "ioredis";
import { type Log, reasonOf } from "./log.ts";

/** Which instances live, by the time until which they say so; what the others left behind does not count. */
const INSTANCES = "instances";
/** For the keys of users who never come back after a crash; far above the life of any token. */
const KEY_LIFE_S = 86_400;
/** An instance says that it lives this often within one slot life. */
const BEATS_PER_LIFE = 3;

/**
 * One user's sessions: instance → how many. Takes one more for this instance unless all that live have `max` together.
 * The instance says its own count, so that repeating this, or doing it after a loss, is always right.
 */
const takeScript = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local counts = redis.call('HGETALL', KEYS[1])
local others = 0
for i = 1, #counts, 2 do
  if counts[i] ~= ARGV[1] then
    local lives = redis.call('ZSCORE', KEYS[2], counts[i])
    if lives and tonumber(lives) > now then others = others + tonumber(counts[i + 1])
    else redis.call('HDEL', KEYS[1], counts[i]) end
  end
end
if others + tonumber(ARGV[2]) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ${KEY_LIFE_S})
return 1
`;

/** With its life: Redis may have lost the key. */
const tellScript = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ${KEY_LIFE_S})
return 1
`;

const beatScript = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
return known and 1 or 0
`;

interface Scripts {
  takeSlot(sessions: string, instances: string, run: string, count: number, max: number): Promise<number>;
  tellSlots(sessions: string, run: string, count: number): Promise<number>;
  instanceBeat(instances: string, run: string, lifeMs: number): Promise<number>;
}

export interface SlotOptions {
  readonly redis: Redis;
  /** This run of this instance: after a crash the same instance is another run. */
  readonly run: string;
  readonly max: number;
  /** How long the slots of an instance stand that no longer says it lives, ms. */
  readonly lifeMs: number;
  readonly log: Log;
  /** Redis did not answer: this instance's own count decided. */
  countedAlone(): void;
}

/**
 * How many sessions a user has, over all instances (A31). Slots of an instance that died come back when its life has
 * run out. While Redis is away each instance counts for itself; it tells Redis its counts when it is back.
 */
export class SessionSlots {
  readonly #options: SlotOptions;
  readonly #redis: Redis & Scripts;
  /** By user, sessions being opened included. */
  readonly #here = new Map<string, number>();
  readonly #beats: NodeJS.Timeout;
  #beating = false;

  constructor(options: SlotOptions) {
    const { redis, lifeMs } = options;
    this.#options = options;
    redis.defineCommand("takeSlot", { numberOfKeys: 2, lua: takeScript });
    redis.defineCommand("tellSlots", { numberOfKeys: 1, lua: tellScript });
    redis.defineCommand("instanceBeat", { numberOfKeys: 1, lua: beatScript });
    this.#redis = redis as Redis & Scripts;
    redis.on("ready", () => void this.#beat());
    this.#beats = setInterval(() => void this.#beat(), Math.max(10, lifeMs / BEATS_PER_LIFE));
    this.#beats.unref();
  }

  /** Counted on this instance alone. */
  takeHere(user: string): boolean {
    const count = this.#count(user) + 1;
    if (count > this.#options.max) return false;
    this.#here.set(user, count);
    return true;
  }

  /** Counted over all instances. */
  async takeEverywhere(user: string): Promise<boolean> {
    if (!this.takeHere(user)) return false;
    const { run, max, countedAlone } = this.#options;
    let taken = true;
    try {
      taken = (await this.#redis.takeSlot(keyOf(user), INSTANCES, run, this.#count(user), max)) === 1;
    } catch {
      // This instance's own count was asked already.
      countedAlone();
    }
    if (!taken) this.release(user);
    return taken;
  }

  release(user: string): void {
    const count = this.#count(user) - 1;
    if (count > 0) this.#here.set(user, count);
    else this.#here.delete(user);
    this.#tell(user).catch(() => {
      // It is told with all the others when Redis is back.
    });
  }

  /** Sessions of the user on this instance. */
  #count(user: string): number {
    return this.#here.get(user) ?? 0;
  }

  async #tell(user: string): Promise<void> {
    const { run } = this.#options;
    const count = this.#count(user);
    if (count > 0) await this.#redis.tellSlots(keyOf(user), run, count);
    else await this.#redis.hdel(keyOf(user), run);
  }

  /** This run lives. Where Redis did not know it, or takes it for dead, it gets all counts again. */
  async #beat(): Promise<void> {
    if (this.#beating || this.#redis.status !== "ready") return;
    this.#beating = true;
    const { run, lifeMs, log } = this.#options;
    try {
      const known = await this.#redis.instanceBeat(INSTANCES, run, lifeMs);
      if (known === 0) for (const user of [...this.#here.keys()]) await this.#tell(user);
    } catch (error) {
      log.debug("could not say that this instance lives", { reason: reasonOf(error) });
    } finally {
      this.#beating = false;
    }
  }

  /** A planned stop gives everything back at once. */
  async close(): Promise<void> {
    clearInterval(this.#beats);
    if (this.#redis.status === "ready") await this.#redis.zrem(INSTANCES, this.#options.run).catch(() => {});
  }
}

function keyOf(user: string): string {
  return `sessions:${user}`;
}
