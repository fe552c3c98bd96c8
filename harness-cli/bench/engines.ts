import { setTimeout as wait } from "node:timers/promises";
import { figureOf, judged, ratioOf, shown, table } from "./figures.ts";
import type { LoadBenchOptions, LoadPart } from "./load-bench.ts";
import { type Kind, type Receiver, startReceiver } from "./receivers.ts";

/** Goals of the issue. */
const K6_RATE_RATIO = 0.7;
const NATIVE_RATE_RATIO = 10;
const K6_MEMORY_RATIO = 1.3;
const NATIVE_MEMORY_RATIO = 1.5;
const ADDED_DELAY_MS = 1;
const TELEMETRY_SHARE = 0.15;
const PACED_PER_SECOND = 10_000;
const DENSITY_MS = 10_000;
const DENSITY = { k6: 15_000, native: 18_000 } as const;

const CONNECTIONS = 20;

/** Every kind in turn, round by round, so that a stall of the machine meets all of them alike. */
async function rounds<K extends Kind>(
  kinds: readonly K[],
  options: LoadBenchOptions,
  measure: (kind: K) => Promise<number>,
): Promise<Record<K, number[]>> {
  const figures = Object.fromEntries(kinds.map((kind) => [kind, [] as number[]])) as Record<K, number[]>;
  for (let round = 0; round < options.runs; round++) {
    for (const kind of kinds) figures[kind].push(await measure(kind));
  }
  return figures;
}

function tableOf(figures: Readonly<Record<string, readonly number[]>>, unit: string, digits = 0): string {
  return table(
    ["", `${unit}, median (lowest–highest)`],
    Object.entries(figures).map(([kind, values]) => [kind, shown(figureOf(values), digits)]),
  );
}

/** CPU of the receiver while it gets this, ms, and how many messages. */
async function cost(
  receiver: Receiver,
  ms: number,
  perSecond?: number,
): Promise<{ cpu: number; messages: number }> {
  await receiver.flood(ms / 3, perSecond);
  const before = await settledCpuMs(receiver);
  const messages = await receiver.flood(ms, perSecond);
  return { cpu: (await settledCpuMs(receiver)) - before, messages };
}

/** An engine answers pings before it has worked off what came with them: until it has, it uses CPU. */
async function settledCpuMs(receiver: Receiver): Promise<number> {
  for (let used = await receiver.cpuMs(); ; ) {
    await wait(SETTLE_MS);
    const now = await receiver.cpuMs();
    if (now - used < SETTLE_MS * IDLE_SHARE) return now;
    used = now;
  }
}

const SETTLE_MS = 200;
const IDLE_SHARE = 0.1;

export const receive: LoadPart = {
  name: "receive",
  summary: "messages per second and core, each engine beside a bare receiver",
  async run(options) {
    const kinds = ["bare k6", "k6 engine", "bare ws", "native engine"] as const;
    const perCore = await rounds(kinds, options, async (kind) => {
      await using receiver = await startReceiver(kind, CONNECTIONS, options);
      const { cpu, messages } = await cost(receiver, options.quick ? 1_000 : 4_000);
      return messages / (cpu / 1_000);
    });
    options.say(
      `receive: ${CONNECTIONS} connections, as fast as they take it\n${tableOf(perCore, "messages/s and core")}`,
    );
    options.say(
      judged({
        what: "k6 engine, of bare k6",
        figure: ratioOf(perCore["k6 engine"], perCore["bare k6"]),
        atLeast: K6_RATE_RATIO,
      }),
    );
    options.say(
      judged({
        what: "native engine, of the k6 engine",
        figure: ratioOf(perCore["native engine"], perCore["k6 engine"]),
        atLeast: NATIVE_RATE_RATIO,
      }),
    );
  },
};

export const memory: LoadPart = {
  name: "memory",
  summary: "memory of one idle connection, each engine beside a bare client",
  async run(options) {
    const [few, many] = options.quick ? [20, 300] : [100, 3_000];
    const kinds = ["bare k6", "k6 engine", "bare ws", "native engine"] as const;
    const kilobytes = await rounds(kinds, options, async (kind) => {
      const at = async (connections: number) => {
        await using receiver = await startReceiver(kind, connections, options);
        return await receiver.privateBytes();
      };
      return ((await at(many)) - (await at(few))) / (many - few) / 1_024;
    });
    options.say(`memory: from ${few} to ${many} idle connections\n${tableOf(kilobytes, "KB each", 1)}`);
    options.say(
      judged({
        what: "k6 engine, of bare k6",
        figure: ratioOf(kilobytes["k6 engine"], kilobytes["bare k6"]),
        atMost: K6_MEMORY_RATIO,
      }),
    );
    options.say(
      judged({
        what: "native engine, of bare ws",
        figure: ratioOf(kilobytes["native engine"], kilobytes["bare ws"]),
        atMost: NATIVE_MEMORY_RATIO,
      }),
    );
  },
};

export const delay: LoadPart = {
  name: "delay",
  summary: "what the native engine adds to a delivery at 10,000 messages a second",
  async run(options) {
    const p99 = await rounds(["bare ws", "native engine"], options, async (kind) => {
      await using receiver = await startReceiver(kind, CONNECTIONS, options);
      await receiver.flood(options.quick ? 1_000 : 5_000, PACED_PER_SECOND);
      return (await receiver.p99Ms()) ?? Number.NaN;
    });
    options.say(
      `delay: ${PACED_PER_SECOND} messages a second over ${CONNECTIONS} connections\n${tableOf(p99, "p99 ms", 2)}`,
    );
    const added = p99["native engine"].map((ms, round) => ms - (p99["bare ws"][round] as number));
    options.say(judged({ what: "ms added at p99", figure: figureOf(added), atMost: ADDED_DELAY_MS }));
  },
};

export const telemetry: LoadPart = {
  name: "telemetry",
  summary: "the share of an engine's CPU that telemetry takes at 10,000 messages a second",
  async run(options) {
    for (const [engine, bare] of [
      ["k6 engine", "bare k6"],
      ["native engine", "bare ws"],
    ] as const) {
      // The bare one beside them: what a message costs falls with the rate, so engines are compared at one rate.
      const kinds = [bare, engine, `${engine}, alone`] as const;
      const cpu = await rounds(kinds, options, async (kind) => {
        await using receiver = await startReceiver(kind, CONNECTIONS, options);
        const spent = await cost(receiver, options.quick ? 1_500 : 6_000, PACED_PER_SECOND);
        return (spent.cpu * 1_000) / spent.messages;
      });
      options.say(`telemetry, ${engine}\n${tableOf(cpu, "µs CPU a message", 1)}`);
      const share = cpu[engine].map((us, round) => 1 - (cpu[`${engine}, alone`][round] as number) / us);
      options.say(judged({ what: "share of telemetry", figure: figureOf(share), atMost: TELEMETRY_SHARE }));
    }
  },
};

export const density: LoadPart = {
  name: "density",
  summary: "heart-beating connections of one process of each engine",
  async run(options) {
    for (const engine of ["k6", "native"] as const) {
      const connections = options.quick ? 500 : DENSITY[engine];
      await using receiver = await startReceiver(`${engine} engine`, connections, options);
      // They beat all the time: there is no rest to wait for.
      const [beforeMs, fromMs] = [await receiver.cpuMs(), performance.now()];
      await wait(DENSITY_MS);
      const share = ((await receiver.cpuMs()) - beforeMs) / (performance.now() - fromMs);
      const megabytes = (await receiver.privateBytes()) / 2 ** 20;
      options.say(
        `density: ${connections.toLocaleString("en-GB")} connections of the ${engine} engine, ${Math.round(megabytes)} MiB, ${(100 * share).toFixed(0)} % of a core with their heart-beats`,
      );
    }
  },
};
