import type { Redis } from "ioredis";
import { LOG_LENGTH, SENT_TTL_S } from "../relay/scripts.ts";

/**
 * KEYS: log, online, buffer, missed, untaken. ARGV: channel, queue, now, the buffer's items and life, how long it is
 * known that something was missed, whether to publish, whether to keep what is published until it is taken.
 */
const common = `
local function anybodyThere() return redis.call('ZCOUNT', KEYS[2], ARGV[3], '+inf') > 0 end
local function countMissed(count)
  redis.call('INCRBY', KEYS[4], count)
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
-- What is published is kept until a session has shown that it took it (B63); false where there is no room for that.
local function tellSessions(body)
  local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'e', body)
  if ARGV[7] == '1' then redis.call('PUBLISH', ARGV[1], '{"logId":"' .. id .. '",' .. body) end
  if ARGV[8] == '0' then return true end
  if redis.call('HLEN', KEYS[5]) >= tonumber(ARGV[4]) then
    countMissed(1)
    return false
  end
  redis.call('HSET', KEYS[5], id, body)
  redis.call('PEXPIRE', KEYS[5], ARGV[5])
  return true
end
`;

/**
 * Whether the user is connected anywhere is decided by Redis, in the step that publishes or buffers: between question
 * and act nobody can come or go (A112; B64). Returns `[what, length, before]`: 1 published, 2 buffered, 3 dropped, 4
 * published and too much to be kept; the length of the buffer; whether it was done before, whose answer may have been
 * lost. KEYS[6]: what was done. ARGV: body, whether to keep it for who is away.
 */
const pushScript = `${common}
local before = redis.call('GET', KEYS[6])
if before then return {tonumber(before), 0, 1} end
local what, length = 3, 0
if anybodyThere() then
  what = tellSessions(ARGV[9]) and 1 or 4
elseif ARGV[10] == '1' then
  what, length = 2, redis.call('RPUSH', KEYS[3], ARGV[2] .. '\\n' .. ARGV[9])
  local over = length - tonumber(ARGV[4])
  if over > 0 then
    redis.call('LTRIM', KEYS[3], over, -1)
    length = length - over
  end
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
  countMissed(1)
end
redis.call('SET', KEYS[6], what, 'EX', ${SENT_TTL_S})
return {what, length, 0}
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

/**
 * What was taken out of the buffer and not shown to be taken by the client: to the sessions that the user has by now,
 * else back to the front, in its order. ARGV: bodies. Returns how many went back.
 */
const requeueScript = `${common}
if anybodyThere() then
  for n = 9, #ARGV do tellSessions(ARGV[n]) end
  return 0
end
for n = #ARGV, 9, -1 do redis.call('LPUSH', KEYS[3], ARGV[2] .. '\\n' .. ARGV[n]) end
redis.call('PEXPIRE', KEYS[3], ARGV[5])
countMissed(#ARGV - 8)
return #ARGV - 8
`;

/** What both scripts are asked with first. */
export interface UserQueueArguments {
  readonly keys: readonly [log: string, online: string, buffer: string, missed: string, untaken: string];
  readonly asked: readonly [
    ...[channel: string, queue: string, nowMs: number],
    ...[itemsMax: number, ttlMs: number, keepMs: number],
    ...[publishes: string, keepsUntilTaken: "0" | "1"],
  ];
}

type Keys = UserQueueArguments["keys"];
type Asked = UserQueueArguments["asked"];

export interface UserQueueScripts {
  pushToUser(
    ...args: [...Keys, sent: string, ...Asked, body: string, keepsForOffline: "0" | "1"]
  ): Promise<[what: number, length: number, before: number]>;
  takeBuffer(buffer: string, missed: string, queue: string, remove: "0" | "1"): Promise<string[]>;
  requeue(...args: [...Keys, ...Asked, ...bodies: string[]]): Promise<number>;
}

export function withUserQueueScripts(redis: Redis): Redis & UserQueueScripts {
  redis.defineCommand("pushToUser", { numberOfKeys: 6, lua: pushScript });
  redis.defineCommand("takeBuffer", { numberOfKeys: 2, lua: takeScript });
  redis.defineCommand("requeue", { numberOfKeys: 5, lua: requeueScript });
  return redis as Redis & UserQueueScripts;
}
