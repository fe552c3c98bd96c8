import { defineFault } from "../fault.ts";
import { redisOf, subscribersOf } from "../stores.ts";
import type { Store } from "../topology.ts";

/** Ids of the connections that each one's last injection was to end. */
const victims = new WeakMap<Store, readonly string[]>();

export default defineFault({
  name: "redis-kill-pubsub",
  summary:
    "Redis ends every connection that listens (CLIENT KILL TYPE PUBSUB); commands go on; once per window",
  requirement: ["E21"],
  on: "store",
  engine: "redis",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  async inject(store) {
    const redis = redisOf(store);
    victims.set(store, await subscribersOf(redis));
    await redis.command("CLIENT", "KILL", "TYPE", "PUBSUB");
    // To come back is the servers' own business; the healing looks whether they did.
    return { async [Symbol.asyncDispose]() {} };
  },
  async observed(store) {
    const before = victims.get(store) ?? [];
    const now = await subscribersOf(redisOf(store));
    return before.length > 0 && !before.some((id) => now.includes(id));
  },
  healed: async (store) => (await subscribersOf(redisOf(store))).length >= (victims.get(store)?.length ?? 0),
});
