import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Tools } from "../provision/tools.ts";
import { scrape } from "../scrape.ts";
import type { Supervisor } from "../target/supervisor.ts";
import { reference } from "./contenders.ts";
import { fillRoom, runFanOut } from "./fan-out.ts";
import { table } from "./figures.ts";
import { openFiles, privateBytes } from "./process-cost.ts";
import { slopePerMinute } from "./slope.ts";
import { type ServerProcess, startSystem } from "./system.ts";
import { emptyTally, type Wire } from "./wire.ts";

export interface SoakOptions {
  readonly durationMs: number;
  readonly clients: number;
  readonly tools: Pick<Tools, "node" | "redis" | "postgres">;
  readonly supervisor: Supervisor;
  readonly logFolder: string;
  say(text: string): void;
}

const INSTANCES = 3;
/** Of the clients, each second: one half says DISCONNECT, the other half is just gone. */
const CHURN_SHARE = 0.02;
const SAMPLES = 40;
const SAMPLE_EVERY_MIN_MS = 3_000;
const COLLECT_MS = 300;
const SETTLE_MS = 5_000;
const SCRAPE_DEADLINE_MS = 5_000;
const V8_HOLDS = ["nodejs_heap_size_used_bytes", "nodejs_external_memory_bytes"];
/**
 * The same load before the baseline is taken, of the whole duration at most this share: caches of fixed size fill up
 * (a room's log of 10,000 messages takes minutes), V8 compiles, and malloc takes pages that it keeps.
 */
const WARM_UP_MS = 300_000;
const WARM_UP_SHARE = 1 / 6;
/** What must be back at its baseline, exactly, when the clients are gone. */
const MUST_RETURN: readonly (keyof Holdings)[] = ["subscriptions", "connections", "files", "redisClients"];
/** Memory after all have left, over that before they came: what is left of the warm-up may take this much. */
const MEMORY_GROWTH_PERCENT = 20;

/** What a leak would show in, over all instances. */
interface Holdings {
  /** What V8 holds after a collection, buffers outside its heap included. */
  readonly heapMb: number;
  /** All pages of its own: what malloc and V8 keep for later, too. */
  readonly memoryMb: number;
  /** Without those of the pool of Postgres, which grows to its own bound and is kept. */
  readonly files: number;
  readonly subscriptions: number;
  readonly connections: number;
  readonly redisClients: number;
  /** That never expire by themselves. */
  readonly redisKeysForGood: number;
  readonly redisKeys: number;
}

/**
 * Clients come, go and listen at half of the capacity that is measured at the beginning; then all leave. Resolves
 * with true when something did not return to where it was.
 */
export async function soak(options: SoakOptions): Promise<boolean> {
  const { durationMs, clients, say } = options;
  const system = await startSystem(options.supervisor, options.tools, options.logFolder);
  const names = Array.from({ length: INSTANCES }, (_, n) => `soak-${n + 1}`);
  const servers = await Promise.all(names.map((name) => system.startReference(name)));
  const contender = reference("three instances", servers, system);
  const redis = new Redis({ host: "127.0.0.1", port: system.redisPort });
  const look = () => holdingsOf(servers, redis);
  try {
    const { perSecond } = await capacityOf(contender, clients);
    const everyMs = 1_000 / (perSecond / 2 / clients);
    say(
      `capacity ${Math.round(perSecond)} deliveries/s with ${clients} subscribers on ${INSTANCES} instances; ` +
        `half of it is one message every ${everyMs.toFixed(1)} ms; ${CHURN_SHARE * 100} % of the clients change each second`,
    );
    const load = async (forMs: number, meanwhile: (startMs: number) => Promise<void>) => {
      const crowd = new Crowd(contender, clients);
      await crowd.fill();
      const churn = setInterval(() => crowd.change(Math.max(1, Math.round(clients * CHURN_SHARE))), 1_000);
      const publisher = await contender.connect(contender.urls[0]!, "soak-publisher", emptyTally());
      const publishing = setInterval(() => publisher.send(...contender.publication("soak", 1)), everyMs);
      const startMs = performance.now();
      while (performance.now() - startMs < forMs) await meanwhile(startMs);
      clearInterval(churn);
      clearInterval(publishing);
      await crowd.quiet();
      say(
        `${crowd.received} messages received; ${crowd.changed} clients changed, ${crowd.refused} were refused`,
      );
      const publisherLost = publisher.ended !== undefined;
      if (publisherLost) say(`  FAILED the publisher was lost: ${publisher.ended}`);
      publisher.close();
      crowd.leave();
      await settled(servers, 0);
      await pause(SETTLE_MS);
      return { publisherLost, held: await look() };
    };
    const warmUpMs = Math.min(WARM_UP_MS, durationMs * WARM_UP_SHARE);
    say(`warm-up of ${(warmUpMs / 60_000).toFixed(1)} min`);
    const warm = await load(warmUpMs, () => pause(Math.min(SAMPLE_EVERY_MIN_MS, warmUpMs)));
    const samples: { readonly atMs: number; readonly held: Holdings }[] = [];
    const sampleEveryMs = Math.max(SAMPLE_EVERY_MIN_MS, durationMs / SAMPLES);
    const soaked = await load(durationMs, async (startMs) => {
      await pause(Math.min(sampleEveryMs, durationMs));
      samples.push({ atMs: performance.now() - startMs, held: await look() });
    });
    const lost = warm.publisherLost || soaked.publisherLost;
    return report(warm.held, samples, soaked.held, say) || lost;
  } finally {
    redis.disconnect();
    await Promise.all(servers.map(({ process }) => process.stop()));
  }
}

async function capacityOf(contender: ReturnType<typeof reference>, clients: number) {
  using room = await fillRoom(contender, clients, "capacity");
  await runFanOut(room, 1, 1_000);
  // Awaited here, else the room would be emptied first.
  return await runFanOut(room, 1, 3_000);
}

function report(
  baseline: Holdings,
  samples: readonly { readonly atMs: number; readonly held: Holdings }[],
  after: Holdings,
  say: (text: string) => void,
): boolean {
  // The first part still fills caches and compiles; what leaks goes on leaking.
  const steady = samples.slice(Math.floor(samples.length / 4));
  const keys = Object.keys(baseline) as (keyof Holdings)[];
  const row = (key: keyof Holdings) => {
    const last = steady.at(-1)?.held[key] ?? Number.NaN;
    const slope = slopePerMinute(steady.map(({ atMs, held }) => ({ atMs, value: held[key] })));
    const number = (value: number) => value.toLocaleString("en-GB", { maximumFractionDigits: 2 });
    return [key, number(baseline[key]), number(last), number(slope), number(after[key])];
  };
  say(table(["", "before", "last under load", "slope per minute", "after"], keys.map(row)));
  const grown = MUST_RETURN.filter((key) => after[key] > baseline[key]);
  for (const key of ["heapMb", "memoryMb"] as const)
    if (after[key] > baseline[key] * (1 + MEMORY_GROWTH_PERCENT / 100)) grown.push(key);
  for (const key of grown) say(`  GREW ${key}: ${baseline[key]} before, ${after[key]} after`);
  if (grown.length === 0) say("  met    everything is back where it was");
  return grown.length > 0;
}

/** Clients that are replaced one by one. */
class Crowd {
  readonly #contender: ReturnType<typeof reference>;
  readonly #size: number;
  readonly #tally = emptyTally();
  readonly #wires: Wire[] = [];
  readonly #pending = new Set<Promise<void>>();
  #names = 0;
  changed = 0;
  refused = 0;

  constructor(contender: ReturnType<typeof reference>, size: number) {
    this.#contender = contender;
    this.#size = size;
  }

  get received(): number {
    return this.#tally.messages;
  }

  async fill(): Promise<void> {
    while (this.#wires.length < this.#size) {
      const missing = Math.min(50, this.#size - this.#wires.length);
      const before = this.#wires.length;
      await Promise.all(Array.from({ length: missing }, () => this.#enter()));
      if (this.#wires.length === before) throw new Error("nobody is let in");
    }
  }

  /** The oldest leave, as many new ones come. */
  change(count: number): void {
    for (const wire of this.#wires.splice(0, Math.min(count, this.#wires.length))) {
      if (this.changed++ % 2 === 0) wire.send("DISCONNECT\n\n\0");
      else wire.close();
    }
    for (let n = this.#wires.length + this.#pending.size; n < this.#size; n++) {
      const entering = this.#enter().finally(() => this.#pending.delete(entering));
      this.#pending.add(entering);
    }
  }

  async quiet(): Promise<void> {
    await Promise.all(this.#pending);
  }

  leave(): void {
    for (const wire of this.#wires.splice(0)) wire.close();
  }

  async #enter(): Promise<void> {
    const name = ++this.#names;
    const { urls } = this.#contender;
    try {
      const wire = await this.#contender.connect(urls[name % urls.length]!, `soak-${name}`, this.#tally);
      await this.#contender.subscribe(wire, "soak");
      this.#wires.push(wire);
    } catch {
      this.refused += 1;
    }
  }
}

/** Until every instance says that it has this many connections. */
async function settled(servers: readonly ServerProcess[], connections: number): Promise<void> {
  for (;;) {
    const counts = await Promise.all(servers.map((server) => gauge(server, "websocket_connections_active")));
    if (counts.every((count) => count === connections)) return;
    await pause(200);
  }
}

async function gauge(server: ServerProcess, name: string): Promise<number> {
  const sample = await scrape(server, 0, SCRAPE_DEADLINE_MS);
  if (!sample.up) throw new Error(`${server.name} does not answer`);
  return sample.series[name] ?? Number.NaN;
}

async function holdingsOf(servers: readonly ServerProcess[], redis: Redis): Promise<Holdings> {
  for (const { process } of servers) await process.signal("SIGUSR2");
  await pause(COLLECT_MS);
  const pids = servers.flatMap(({ process }) => process.pid() ?? []);
  const sum = async (each: readonly Promise<number>[]) =>
    (await Promise.all(each)).reduce((total, value) => total + value, 0);
  const info = await redis.info();
  const field = (pattern: RegExp) => Number(pattern.exec(info)?.[1] ?? 0);
  const keys = field(/^db0:keys=(\d+)/m);
  const ofV8 = servers.flatMap((server) => V8_HOLDS.map((name) => gauge(server, name)));
  return {
    heapMb: (await sum(ofV8)) / 1_048_576,
    memoryMb: (await sum(pids.map(privateBytes))) / 1_048_576,
    files:
      (await sum(pids.map(openFiles))) -
      (await sum(servers.map((server) => gauge(server, "db_pool_used")))) -
      (await sum(servers.map((server) => gauge(server, "db_pool_idle")))),
    subscriptions: await sum(servers.map((server) => gauge(server, "websocket_subscriptions_active"))),
    connections: await sum(servers.map((server) => gauge(server, "websocket_connections_active"))),
    redisClients: field(/^connected_clients:(\d+)/m),
    redisKeysForGood: keys - field(/^db0:keys=\d+,expires=(\d+)/m),
    redisKeys: keys,
  };
}
