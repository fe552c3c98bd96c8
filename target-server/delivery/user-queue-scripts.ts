import type { Redis } from "ioredis";
import { LOG_LENGTH, SENT_TTL_S } from "../relay/scripts.ts";

/**
 * Whether the user is connected anywhere is decided by Redis, in the step that publishes or buffers: between question
 * and act nobody can come or go (A112; B64). What is published is kept until a session has shown that it took it
 * (B63). Returns `[what, length]`: 0 known before, 1 published, 2 buffered, 3 dropped, 4 published and too much to be
 * kept; the length of the buffer.
 */
const pushScript = `
if not redis.call('SET', KEYS[1], 0, 'NX', 'EX', ${SENT_TTL_S}) then return {0, 0} end
if redis.call('ZCOUNT', KEYS[3], ARGV[4], '+inf') > 0 then
  local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'e', ARGV[2])
  if ARGV[8] == '1' then redis.call('PUBLISH', ARGV[1], '{"logId":"' .. id .. '",' .. ARGV[2]) end
  if ARGV[10] == '0' then return {1, 0} end
  if redis.call('HLEN', KEYS[6]) < tonumber(ARGV[5]) then
    redis.call('HSET', KEYS[6], id, ARGV[2])
    redis.call('PEXPIRE', KEYS[6], ARGV[6])
    return {1, 0}
  end
  redis.call('INCR', KEYS[5])
  redis.call('PEXPIRE', KEYS[5], ARGV[7])
  return {4, 0}
end
if ARGV[9] == '0' then return {3, 0} end
local length = redis.call('RPUSH', KEYS[4], ARGV[3] .. '\\n' .. ARGV[2])
local over = length - tonumber(ARGV[5])
if over > 0 then
  redis.call('LTRIM', KEYS[4], over, -1)
  length = length - over
end
redis.call('PEXPIRE', KEYS[4], ARGV[6])
redis.call('INCR', KEYS[5])
redis.call('PEXPIRE', KEYS[5], ARGV[7])
return {2, length}
`;

/** Reads one queue's items of a buffer and, with ARGV[2] = "1", takes them out. Returns how many there should be, then them. */
const takeScript = `
local mine, others = {redis.call('GET', KEYS[2]) or '0'}, {}
local prefix = ARGV[1] .. '\\n'
for _, item in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if string.sub(item, 1, #prefix) == prefix then mine[#mine + 1] = string.sub(item, #prefix + 1)
  else others[#others + 1] = item end
end
if ARGV[2] == '1' and #mine > 1 then
  local left = redis.call('PTTL', KEYS[1])
  redis.call('DEL', KEYS[1])
  for _, item in ipairs(others) do redis.call('RPUSH', KEYS[1], item) end
  if #others > 0 and left > 0 then redis.call('PEXPIRE', KEYS[1], left) end
end
if ARGV[2] == '1' then redis.call('DEL', KEYS[2]) end
return mine
`;

/** What was taken and could not be sent goes back to the front, in its order. */
const requeueScript = `
for n = #ARGV, 4, -1 do redis.call('LPUSH', KEYS[1], ARGV[1] .. '\\n' .. ARGV[n]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('INCRBY', KEYS[2], #ARGV - 3)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
`;

export interface UserQueueScripts {
  pushToUser(
    ...args: [...keys: [string, string, string, string, string, string], ...rest: (string | number)[]]
  ): Promise<[number, number]>;
  takeBuffer(buffer: string, missed: string, queue: string, remove: "0" | "1"): Promise<string[]>;
  requeue(
    buffer: string,
    missed: string,
    queue: string,
    ttlMs: number,
    keepMs: number,
    ...bodies: string[]
  ): Promise<number>;
}

export function withUserQueueScripts(redis: Redis): Redis & UserQueueScripts {
  redis.defineCommand("pushToUser", { numberOfKeys: 6, lua: pushScript });
  redis.defineCommand("takeBuffer", { numberOfKeys: 2, lua: takeScript });
  redis.defineCommand("requeue", { numberOfKeys: 2, lua: requeueScript });
  return redis as Redis & UserQueueScripts;
}
