import { defineFault } from "../fault.ts";
import { redisOf, subscribersOf } from "../stores.ts";
import type { Store } from "../topology.ts";

/** How many heard each one's last poison, and how many listened before it. */
const heard = new WeakMap<Store, { readonly by: number; readonly listening: number }>();

export default defineFault({
  name: "redis-poison",
  summary:
    "a message on the relay's channel that is no envelope: whoever cannot read it must not stop listening",
  requirement: ["E25"],
  on: "store",
  engine: "redis",
  params: { channel: "ws:/topic/test", message: "Hello", times: 10 },
  explain: {
    channel: "one that the servers listen to (ws: and a destination)",
    message: "what is published there",
    times: "so many of them, one after the other",
  },
  bounds: { times: [1, 10_000] },
  closes: [],
  drops: false,

  async inject(store, { channel, message, times }) {
    const redis = redisOf(store);
    const listening = (await subscribersOf(redis)).length;
    let by = 0;
    for (let i = 0; i < times; i++) by = Number(await redis.command("PUBLISH", channel, message));
    heard.set(store, { by, listening });
    // Nobody can take back what was heard; the healing looks whether they still listen.
    return { async [Symbol.asyncDispose]() {} };
  },
  // Redis's own count of those that it was delivered to.
  observed: async (store) => (heard.get(store)?.by ?? 0) > 0,
  healed: async (store) => (await subscribersOf(redisOf(store))).length >= (heard.get(store)?.listening ?? 0),
});
