import { setTimeout as pause } from "node:timers/promises";
import type { Contender } from "./contenders.ts";
import { cpuMs, privateBytes } from "./process-cost.ts";
import { emptyTally, type Wire } from "./wire.ts";

const CONNECT_AT_ONCE = 50;
/** Of the server and of its clients (A53). */
const BEAT_MS = 25_000;
const BEATS_EVERY_MS = 100;
/** For the collector to be done after it was asked. */
const COLLECT_MS = 1_000;

export interface Idle {
  /** Private memory of the server after a collection, per connection. */
  readonly bytesEach: number;
  /** Of one core, for all connections, beats in both directions included. */
  readonly cpuShare: number;
}

/** Connections that are there, subscribed to one room, and only beat. The server must be fresh. */
export async function runIdle(
  contender: Contender,
  connections: number,
  holdMs: number,
  collect: () => Promise<void>,
): Promise<Idle> {
  const pid = (await contender.pids())[0]!;
  const tally = emptyTally();
  const measure = async () => {
    await collect();
    await pause(COLLECT_MS);
    return privateBytes(pid);
  };
  // What the first connections make the server load and compile is not theirs.
  for (const wire of await connectMany(contender, 200, "warm", tally)) wire.close();
  await pause(COLLECT_MS);
  const before = await measure();
  const wires = await connectMany(contender, connections, "idle", tally);
  const held = await measure();

  let next = 0;
  const beats = setInterval(() => {
    const count = Math.ceil((connections * BEATS_EVERY_MS) / BEAT_MS);
    for (let n = 0; n < count; n++) wires[next++ % wires.length]!.send("\n");
  }, BEATS_EVERY_MS);
  const beforeCpuMs = await cpuMs([pid]);
  const startMs = performance.now();
  await pause(holdMs);
  const cpuShare = ((await cpuMs([pid])) - beforeCpuMs) / (performance.now() - startMs);
  clearInterval(beats);
  const lost = wires.filter((wire) => wire.ended !== undefined).length;
  for (const wire of wires) wire.close();
  if (lost > 0) throw new Error(`${contender.name}: ${lost} idle connections were lost`);
  return { bytesEach: (held - before) / connections, cpuShare };
}

async function connectMany(
  contender: Contender,
  count: number,
  users: string,
  tally: ReturnType<typeof emptyTally>,
): Promise<Wire[]> {
  const wires: Wire[] = [];
  let left = count;
  const lane = async () => {
    while (left > 0) {
      const wire = await contender.connect(contender.urls[0]!, `${users}-${left--}`, tally);
      await contender.subscribe(wire, "idle");
      wires.push(wire);
    }
  };
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, lane));
  return wires;
}
