import { setTimeout as wait } from "node:timers/promises";
import { defineFault } from "../fault.ts";
import { redisOf } from "../stores.ts";
import type { RedisStore, Store } from "../topology.ts";

/** An answer that takes longer than this on a quiet connection is being held back. */
const HELD_MS = 700;
/** Of the healing's own deadline (15 s): `all` cannot be ended before its time. */
const LONGEST_ALL_MS = 10_000;
const CHANNEL = "seaworthy:pause";

/** When the last pause of each one ends by itself, monotonic ms. */
const overAtMs = new WeakMap<Store, number>();

export default defineFault({
  name: "redis-pause",
  summary: "Redis accepts commands and holds them back (CLIENT PAUSE): it hangs instead of refusing",
  requirement: ["E19"],
  on: "store",
  engine: "redis",
  params: { mode: "write", pauseMs: 30_000 },
  explain: {
    mode: "write holds back writes, scripts and PUBLISH; all holds back everything, PING included",
    // Measured with Valkey 9.1: CLIENT UNPAUSE is itself held back by a pause of mode ALL.
    pauseMs:
      "after which it ends by itself; the window's end is first with write. all: 10 s at most, and never ends sooner",
  },
  bounds: { mode: ["write", "all"], pauseMs: [500, 600_000] },
  closes: [],
  drops: false,

  async inject(store, { mode, pauseMs }) {
    const redis = redisOf(store);
    if (mode === "all" && pauseMs > LONGEST_ALL_MS) {
      throw new Error(`a pause of everything cannot be ended early: choose pauseMs up to ${LONGEST_ALL_MS}`);
    }
    overAtMs.set(store, performance.now() + pauseMs);
    await redis.command("CLIENT", "PAUSE", pauseMs, mode.toUpperCase());
    return {
      async [Symbol.asyncDispose]() {
        // A restarted Redis has forgotten the pause, and does not mind.
        if (mode === "write") await redis.command("CLIENT", "UNPAUSE");
        else await over(store);
      },
    };
  },
  observed: async (store, { mode }) =>
    (await isHeld(redisOf(store), mode)) && store.process.pid() !== undefined,
  healed: async (store, { mode }) => !(await isHeld(redisOf(store), mode)),
});

async function over(store: Store): Promise<void> {
  await wait(Math.max(0, (overAtMs.get(store) ?? 0) - performance.now()));
}

/** PUBLISH to a channel that nobody hears counts as a write and leaves nothing behind. */
async function isHeld(redis: RedisStore, mode: string): Promise<boolean> {
  const asked = mode === "write" ? redis.command("PUBLISH", CHANNEL, "") : redis.command("PING");
  const answer = await Promise.race([
    asked.then(
      () => "answered",
      () => "silent",
    ),
    wait(HELD_MS, "held"),
  ]);
  return answer !== "answered";
}
