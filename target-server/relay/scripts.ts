import type { Redis } from "ioredis";

/** The last messages of all rooms, for instances whose subscription broke: pub/sub forgets what nobody heard. */
export const LOG_KEY = "relay:log";
export const LOG_LENGTH = 10_000;
/** A publish whose answer was lost is repeated; for this long Redis knows that it happened. */
export const SENT_TTL_S = 600;
/** A room that is silent for so long needs no counter: the next message brings it back from the store (A104). */
export const COUNTER_TTL_S = 86_400;

/**
 * Sequence, log and publish as one step, so that the order of a room's sequence is the order in which every instance
 * hears it, whichever instance publishes. Idempotent by message id. Returns the sequence; 0 when the room has no
 * counter, -1 when somebody has had the room's lock since (A105).
 */
const publishScript = `
local sent = redis.call('GET', KEYS[2])
if sent then return tonumber(sent) end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[6] ~= '' and redis.call('GET', KEYS[4]) ~= ARGV[6] then return -1 end
local seq = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ${COUNTER_TTL_S})
redis.call('SET', KEYS[2], seq, 'EX', ${SENT_TTL_S})
local body = ARGV[2] .. string.format('%d', seq) .. ARGV[3] .. string.format('%d', seq) .. ARGV[4]
local id = redis.call('XADD', KEYS[3], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'e', body)
if ARGV[5] == '1' then redis.call('PUBLISH', ARGV[1], '{"logId":"' .. id .. '",' .. body) end
return seq
`;

/** The same for what has no sequence. Returns 1; 0 when it was told before (A102). */
const tellScript = `
if not redis.call('SET', KEYS[1], 0, 'NX', 'EX', ${SENT_TTL_S}) then return 0 end
local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'e', ARGV[2])
if ARGV[3] == '1' then redis.call('PUBLISH', ARGV[1], '{"logId":"' .. id .. '",' .. ARGV[2]) end
return 1
`;

/** A room's counter never goes back, whatever Redis forgot or another instance knows less of. */
const raiseCounterScript = `
local now = tonumber(redis.call('GET', KEYS[1]) or '-1')
if now < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
redis.call('EXPIRE', KEYS[1], ${COUNTER_TTL_S})
return 1
`;

/** The scripts, as ioredis adds them to its client. */
export interface RelayScripts {
  publishMessage(
    counter: string,
    sent: string,
    log: string,
    fence: string,
    channel: string,
    head: string,
    middle: string,
    tail: string,
    live: string,
    token: string,
  ): Promise<number>;
  tellAll(sent: string, log: string, channel: string, body: string, live: string): Promise<number>;
  raiseCounter(counter: string, least: number): Promise<number>;
}

export function withRelayScripts(redis: Redis): Redis & RelayScripts {
  redis.defineCommand("publishMessage", { numberOfKeys: 4, lua: publishScript });
  redis.defineCommand("tellAll", { numberOfKeys: 2, lua: tellScript });
  redis.defineCommand("raiseCounter", { numberOfKeys: 1, lua: raiseCounterScript });
  return redis as Redis & RelayScripts;
}

export function counterKey(roomId: string): string {
  return `seq:room:${roomId}`;
}

/** Counts who has had the room's lock; only the last one may publish with it. */
export function fenceKey(roomId: string): string {
  return `fence:room:${roomId}`;
}
