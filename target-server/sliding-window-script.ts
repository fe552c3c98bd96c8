/**
 * One step for any number of SENDs: for each key, are fewer than `limit` of its accepted SENDs younger than the
 * window? The key is the list of their times, newest first, at most `limit` long, and lives no longer than the window.
 *
 * KEYS: one per SEND, repeats allowed. ARGV: limit, window in ms.
 * Answers for each, in order: 0 when it may pass, else the ms until one more may.
 * By the clock of Redis, so that instances need not agree on theirs; a time in its future is of a clock set back.
 */
export const slidingWindowScript = `
local limit = tonumber(ARGV[1])
local window = tonumber(ARGV[2]) * 1000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local answers = {}
for i, key in ipairs(KEYS) do
  local oldest = redis.call('LINDEX', key, limit - 1)
  local waits = 0
  if oldest then waits = tonumber(oldest) + window - now end
  if waits > window then waits = 0 end
  if waits > 0 then
    answers[i] = math.ceil(waits / 1000)
  else
    redis.call('LPUSH', key, string.format('%.0f', now))
    redis.call('LTRIM', key, 0, limit - 1)
    redis.call('PEXPIRE', key, ARGV[2])
    answers[i] = 0
  end
end
return answers
`;
