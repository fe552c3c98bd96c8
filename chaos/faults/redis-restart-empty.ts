import { defineFault } from "../fault.ts";
import { redisOf } from "../stores.ts";
import type { RedisStore, Store } from "../topology.ts";

const GONE_DEADLINE_MS = 3_000;

/** `run_id` of each one before its last restart: every start has a new one. */
const formerRuns = new WeakMap<Store, string>();

export default defineFault({
  name: "redis-restart-empty",
  summary:
    "Redis crashes and is back at once, without its data and with every connection broken; once per window",
  requirement: ["E20"],
  on: "store",
  engine: "redis",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  async inject(store) {
    const redis = redisOf(store);
    const { process } = redis;
    formerRuns.set(store, await runOf(redis));
    await process.signal("SIGKILL");
    await process.exited(GONE_DEADLINE_MS);
    const back = process.start();
    back.catch(() => {}); // the undo tries again, and says why
    return { [Symbol.asyncDispose]: () => process.start() };
  },
  observed: async (store) => (await runOf(redisOf(store))) !== formerRuns.get(store),
  healed: async (store) => (await runOf(redisOf(store))) !== formerRuns.get(store),
});

async function runOf(redis: RedisStore): Promise<string> {
  return /^run_id:(\w+)/m.exec(String(await redis.command("INFO", "server")))?.[1] ?? "";
}
