import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";

/** Taken and renewed by its holder only. */
const holdScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;
const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** What one instance does for all of them, for as long as it says so; then another one. */
export class Lease {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #lifeMs: number;
  readonly #holder = randomUUID();

  constructor(redis: Redis, key: string, lifeMs: number) {
    this.#redis = redis;
    this.#key = key;
    this.#lifeMs = lifeMs;
  }

  /** Takes or renews it; false where another instance has it. Rejects when Redis is away. */
  async hold(): Promise<boolean> {
    return (await this.#redis.eval(holdScript, 1, this.#key, this.#holder, this.#lifeMs)) === 1;
  }

  async release(): Promise<void> {
    await this.#redis.eval(releaseScript, 1, this.#key, this.#holder);
  }
}
