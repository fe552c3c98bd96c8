import { defineFault } from "../fault.ts";
import { redisOf, subscribersOf } from "../stores.ts";
import type { Link, RedisReplica, RedisStore, Store } from "../topology.ts";

const ANSWER_DEADLINE_MS = 1_000;

/** Where each store's links lead while its replica is in charge. */
const inCharge = new WeakMap<Store, RedisReplica>();

export default defineFault({
  name: "redis-failover",
  summary:
    "a replica of Redis is promoted and every link leads to it: connections break, the last writes may be lost",
  requirement: ["E22"],
  on: "store",
  engine: "redis",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  async inject(store) {
    const redis = redisOf(store);
    const home = homeOf(redis);
    const replica = await redis.startReplica();
    inCharge.set(store, replica);
    const undo = async () => {
      if (inCharge.get(store) === replica) await failBack(redis, replica);
      await repoint(redis.links, home);
      await replica[Symbol.asyncDispose]();
      inCharge.delete(store);
    };
    try {
      await replica.command("REPLICAOF", "NO", "ONE");
      await repoint(redis.links, replica.address);
    } catch (error) {
      await undo();
      throw error;
    }
    return { [Symbol.asyncDispose]: undo };
  },
  async observed(store) {
    const redis = redisOf(store);
    const replica = inCharge.get(store);
    if (replica === undefined || redis.links.some((link) => link.upstream !== replica.address)) return false;
    const [role] = (await replica.command("ROLE")) as readonly string[];
    return role === "master" && (await subscribersOf(replica)).length > 0 && (await allAnswer(redis.links));
  },
  async healed(store) {
    const redis = redisOf(store);
    const [role] = (await redis.command("ROLE")) as readonly string[];
    return role === "master" && (await subscribersOf(redis)).length > 0 && (await allAnswer(redis.links));
  },
});

/** What the replica was told meanwhile goes home with it, if it can still be asked. */
async function failBack(redis: RedisStore, replica: RedisReplica): Promise<void> {
  await redis.process.start();
  const alive = await replica.command("PING").catch(() => undefined);
  if (alive === undefined) return;
  await redis.follow(replica.address);
  await redis.command("REPLICAOF", "NO", "ONE");
}

async function repoint(links: readonly Link[], upstream: string): Promise<void> {
  for (const link of links) if (link.upstream !== upstream) await link.repoint(upstream);
}

async function allAnswer(links: readonly Link[]): Promise<boolean> {
  const trips = await Promise.all(links.map((link) => link.roundTripMs(ANSWER_DEADLINE_MS)));
  return trips.every((ms) => ms !== undefined);
}

function homeOf(redis: RedisStore): string {
  return redis.address ?? new URL(redis.url).host;
}
