import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { pause } from "../pause.ts";
import { fenceKey } from "../relay/scripts.ts";

/** Whoever waits longer is told that the room is busy. */
const WAIT_MAX_MS = 5_000;
/** Between two tries, at random up to: instances that wait together must not ask together. */
const RETRY_MAX_MS = 30;
/** Who waits and does not ask for so long has lost its place: it may have died. */
const ASKS_WITHIN_MS = 3_000;
/** Of a room's fence, far above the life of any lock: it must not begin again while somebody has an old one. */
const FENCE_LIFE_S = 86_400;

/**
 * Who came first gets it first: KEYS[3] has those who wait, in their order. ARGV: life in ms, 0 for ever (B73); who
 * asks. Returns the fence, 0 where it is somebody else's turn.
 */
const takeScript = `
local function place(waiter) return KEYS[3] .. ':' .. waiter end
redis.call('SET', place(ARGV[2]), 1, 'PX', ${ASKS_WITHIN_MS})
local waiting = redis.call('LRANGE', KEYS[3], 0, -1)
local known = false
for _, waiter in ipairs(waiting) do
  if waiter == ARGV[2] then known = true
  elseif redis.call('EXISTS', place(waiter)) == 0 then redis.call('LREM', KEYS[3], 0, waiter) end
end
if not known then redis.call('RPUSH', KEYS[3], ARGV[2]) end
redis.call('PEXPIRE', KEYS[3], ${WAIT_MAX_MS})
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('LINDEX', KEYS[3], 0) ~= ARGV[2] then return 0 end
redis.call('LPOP', KEYS[3])
redis.call('DEL', place(ARGV[2]))
local fence = redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ${FENCE_LIFE_S})
if ARGV[1] == '0' then redis.call('SET', KEYS[1], fence)
else redis.call('SET', KEYS[1], fence, 'PX', ARGV[1]) end
return fence
`;
const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

interface Scripts {
  takeRoomLock(lock: string, fence: string, waiting: string, lifeMs: number, waiter: string): Promise<number>;
  releaseRoomLock(lock: string, fence: number): Promise<number>;
}

export interface RoomLockOptions {
  readonly redis: Redis;
  /** How long a holder that died keeps everybody out, ms; Infinity: for ever. */
  readonly lifeMs: number;
}

/**
 * One instance at a time for a room, in the order in which they asked. The lock runs out by itself, so its holder may have lost it without knowing: what
 * it does under it carries the fence, and Redis refuses a fence that is not the room's last (A105, I62).
 */
export class RoomLock {
  readonly #redis: Redis & Scripts;
  readonly #lifeMs: number;

  constructor({ redis, lifeMs }: RoomLockOptions) {
    redis.defineCommand("takeRoomLock", { numberOfKeys: 3, lua: takeScript });
    redis.defineCommand("releaseRoomLock", { numberOfKeys: 1, lua: releaseScript });
    this.#redis = redis as Redis & Scripts;
    this.#lifeMs = Number.isFinite(lifeMs) ? Math.max(1, Math.round(lifeMs)) : 0;
  }

  /** The fence; undefined when others had it all the time. Rejects when Redis is away. */
  async take(room: string): Promise<number | undefined> {
    const untilMs = performance.now() + WAIT_MAX_MS;
    const keys = [lockKey(room), fenceKey(room), waitingKey(room)] as const;
    const waiter = randomUUID();
    for (;;) {
      const fence = await this.#redis.takeRoomLock(...keys, this.#lifeMs, waiter);
      if (fence > 0) return fence;
      if (performance.now() >= untilMs) {
        await this.#redis.lrem(waitingKey(room), 0, waiter);
        return undefined;
      }
      await pause(Math.random() * RETRY_MAX_MS);
    }
  }

  /** Only where it is still held with this fence. */
  async release(room: string, fence: number): Promise<void> {
    await this.#redis.releaseRoomLock(lockKey(room), fence);
  }
}

function waitingKey(room: string): string {
  return `lock:waiting:${room}`;
}

function lockKey(room: string): string {
  return `lock:room:${room}`;
}
