import type { Redis } from "ioredis";

/**
 * Keys: `presence:{room}` users by expiry; `presence:{room}/{user}` the user's sessions by expiry; `presence-all`
 * `room\nuser` by expiry, for the sweep; `presence:changes:{room}` what is not told yet; `presence-due` rooms by when
 * it is to be told. Names contain no slash, no colon and no line end, and no name makes a key of the sweep's.
 */
const change = `
local function change(room, user, sign, due)
  if due == '' then return end
  local key = 'presence:changes:' .. room
  local pending = redis.call('HGET', key, user)
  -- Gone and back within one window, or the other way round: nothing happened.
  if pending and pending ~= sign then redis.call('HDEL', key, user)
  else redis.call('HSET', key, user, sign) end
  redis.call('ZADD', 'presence-due', 'NX', due, room)
end
`;

/** ARGV: room, until, due (empty: tell nobody), whether all of the room is renewed, then user and session by turns. */
const joinScript = `${change}
local room = ARGV[1]
if ARGV[4] == '1' then
  for _, user in ipairs(redis.call('ZRANGE', 'presence:' .. room, 0, -1)) do
    redis.call('ZADD', 'presence:' .. room, ARGV[2], user)
    redis.call('ZADD', 'presence-all', ARGV[2], room .. '\\n' .. user)
  end
end
for n = 5, #ARGV, 2 do
  local user, session = ARGV[n], ARGV[n + 1]
  local sessions = 'presence:' .. room .. '/' .. user
  redis.call('ZADD', sessions, ARGV[2], session)
  redis.call('PEXPIREAT', sessions, ARGV[2])
  local known = redis.call('ZSCORE', 'presence:' .. room, user)
  redis.call('ZADD', 'presence:' .. room, ARGV[2], user)
  redis.call('ZADD', 'presence-all', ARGV[2], room .. '\\n' .. user)
  if not known then change(room, user, '+', ARGV[3]) end
end
return 1
`;

/** ARGV: room, now, due, whether one session less is the end of it, then user and session by turns. */
const leaveScript = `${change}
local room = ARGV[1]
for n = 5, #ARGV, 2 do
  local user, session = ARGV[n], ARGV[n + 1]
  local sessions = 'presence:' .. room .. '/' .. user
  redis.call('ZREM', sessions, session)
  redis.call('ZREMRANGEBYSCORE', sessions, '-inf', '(' .. ARGV[2])
  if ARGV[4] == '1' or redis.call('ZCARD', sessions) == 0 then
    redis.call('ZREM', 'presence-all', room .. '\\n' .. user)
    if redis.call('ZREM', 'presence:' .. room, user) == 1 then change(room, user, '-', ARGV[3]) end
  end
end
return 1
`;

/**
 * Takes out who has run out, and what is due to be told; as one step, so that one instance tells it (B222). ARGV: now,
 * due of the expired (empty: tell nobody). Returns `{room, how many are there, user, sign, …}` each.
 */
const sweepScript = `${change}
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', 'presence-all', '-inf', '(' .. ARGV[1], 'LIMIT', 0, 500)) do
  local at = string.find(entry, '\\n', 1, true)
  local room, user = string.sub(entry, 1, at - 1), string.sub(entry, at + 1)
  redis.call('ZREM', 'presence-all', entry)
  redis.call('DEL', 'presence:' .. room .. '/' .. user)
  if redis.call('ZREM', 'presence:' .. room, user) == 1 then change(room, user, '-', ARGV[2]) end
end
local told = {}
for _, room in ipairs(redis.call('ZRANGEBYSCORE', 'presence-due', '-inf', ARGV[1], 'LIMIT', 0, 100)) do
  local row = redis.call('HGETALL', 'presence:changes:' .. room)
  redis.call('DEL', 'presence:changes:' .. room)
  redis.call('ZREM', 'presence-due', room)
  if #row > 0 then
    table.insert(row, 1, redis.call('ZCARD', 'presence:' .. room))
    table.insert(row, 1, room)
    told[#told + 1] = row
  end
end
return told
`;

export interface PresenceScripts {
  presenceJoin(
    room: string,
    untilMs: number,
    due: number | "",
    wholeRoom: "0" | "1",
    ...pairs: string[]
  ): Promise<number>;
  presenceLeave(
    room: string,
    nowMs: number,
    due: number | "",
    endsAll: "0" | "1",
    ...pairs: string[]
  ): Promise<number>;
  presenceSweep(nowMs: number, due: number | ""): Promise<(string | number)[][]>;
}

export function withPresenceScripts(redis: Redis): Redis & PresenceScripts {
  redis.defineCommand("presenceJoin", { numberOfKeys: 0, lua: joinScript });
  redis.defineCommand("presenceLeave", { numberOfKeys: 0, lua: leaveScript });
  redis.defineCommand("presenceSweep", { numberOfKeys: 0, lua: sweepScript });
  return redis as Redis & PresenceScripts;
}
