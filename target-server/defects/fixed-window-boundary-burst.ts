import type { Defect } from "../defect.ts";

/** The tutorials' INCR and EXPIRE: a window that begins with the first SEND and ends for all of its SENDs at once. */
const fixedWindowScript = `
local answers = {}
for i, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('PEXPIRE', key, ARGV[2]) end
  if count > tonumber(ARGV[1]) then answers[i] = math.max(1, redis.call('PTTL', key)) else answers[i] = 0 end
end
return answers
`;

const defect: Defect = {
  name: "fixed-window-boundary-burst",
  summary: "the send limit counts in fixed windows: around the edge of one twice as much passes in a moment",
  requirement: ["B156"],
  wave: 1,
  inProduction:
    "Bursts of up to twice the limit reach the database although the limiter says that nobody exceeds it; they come just after a window ended.",
  remedy:
    "Keep the times of the last accepted SENDs (or a token bucket) and decide in one atomic step, so that every window counts.",
  signs: [
    { fact: "rate-limits", weight: 1 },
    { fact: "about:window-edge-burst-limited", weight: 5 },
    { fact: "about:tabs-on-one-instance-share", weight: -5 },
    { fact: "about:tabs-on-several-instances-share", weight: -5 },
  ],
  caughtBy: { scenario: "rate-limit-scope", check: "rate-limits" },
  apply: (healthy) => ({ ...healthy, sendWindowScript: fixedWindowScript }),
};

export default defect;
