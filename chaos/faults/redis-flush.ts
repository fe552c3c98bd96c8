import { randomUUID } from "node:crypto";
import { defineFault } from "../fault.ts";
import { redisOf } from "../stores.ts";
import type { Store } from "../topology.ts";

/** A key of ours that was there before, and must be gone with all the others. */
const canaries = new WeakMap<Store, string>();

export default defineFault({
  name: "redis-flush",
  summary: "Redis loses all its data at once and stays up (FLUSHALL); the loss is for good, once per window",
  requirement: ["E20"],
  on: "store",
  engine: "redis",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  async inject(store) {
    const redis = redisOf(store);
    const canary = `seaworthy:canary:${randomUUID()}`;
    canaries.set(store, canary);
    await redis.command("SET", canary, "here", "EX", 600);
    await redis.command("FLUSHALL", "SYNC");
    // What is gone is gone: only the window's end is left to undo.
    return { async [Symbol.asyncDispose]() {} };
  },
  observed: async (store) => (await redisOf(store).command("EXISTS", canaries.get(store) ?? "")) === 0,
  healed: async (store) => (await redisOf(store).command("PING")) === "PONG",
});
