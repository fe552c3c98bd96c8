import { readdirSync, readFileSync, statSync } from "node:fs";
import os from "node:os";
import { createHistogram, performance } from "node:perf_hooks";
import type { MachineSample } from "../reports/record/samples.ts";
import {
  type CpuTimes,
  parseCpuTimes,
  parseDescriptorLimit,
  parsePortRange,
  parseStat,
  parseStatus,
  parseTurns,
  type Reading,
  type Turns,
} from "./target/proc-files.ts";

/** `linux x64, 2 cores, 24 GiB`: what a figure of this run may be compared with. */
export function machineDescription(): string {
  const gib = Math.round(os.totalmem() / 2 ** 30);
  return `${os.platform()} ${os.arch()}, ${os.availableParallelism()} cores, ${gib} GiB`;
}

export interface MachineSampler extends Disposable {
  /** What happened since the previous call; the first one since the sampler was made. */
  sample(atMs: number, pids: Readonly<Record<string, number>>, engines?: Engines): MachineSample;
}

/** The load's own processes, and how many addresses they dial. */
export interface Engines {
  readonly names: readonly string[];
  readonly addresses: number;
}

/** How finely the event loop's delay is watched. */
const LOOP_RESOLUTION_MS = 5;
/** USER_HZ: what /proc counts CPU time in, the same on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

/**
 * Reads the machine and the run's processes, their descendants included (Postgres works in children). CPU and
 * memory come from /proc: elsewhere than on Linux `cpu` is undefined and the others are empty.
 */
export function machineSampler(): MachineSampler {
  const loop = loopWatch();
  const offsetStartMs = clockOffsetMs();
  const resolutionMs = clockResolutionMs();
  let lastCpu = readCpu();
  let lastMs = performance.now();
  let last = readings();

  return {
    sample(atMs, pids, engines = { names: [], addresses: 0 }) {
      const nowMs = performance.now();
      const seconds = Math.max(0.001, (nowMs - lastMs) / 1_000);
      const cpu = readCpu();
      const shares = lastCpu && cpu ? sharesOf(lastCpu, cpu) : {};
      const now = readings();
      const processCpu: Record<string, number> = {};
      const processRss: Record<string, number> = {};
      const processWaitMs: Record<string, number> = {};
      const processTurns: Record<string, number> = {};
      for (const [name, pid] of Object.entries(pids)) {
        const used = readTree(pid, last, now);
        if (used === undefined) continue;
        processCpu[name] = round(used.ticks / TICKS_PER_SECOND / seconds);
        processRss[name] = used.bytes;
        processWaitMs[name] = round(used.turns.waitedMs);
        processTurns[name] = used.turns.turns;
      }
      lastCpu = cpu;
      lastMs = nowMs;
      last = now;
      return {
        kind: "machine",
        atMs,
        ...shares,
        processCpu,
        processRss,
        processWaitMs,
        processTurns,
        ...loop.take(),
        clockStepMs: round(clockOffsetMs() - offsetStartMs),
        cores: os.availableParallelism(),
        clockResolutionMs: resolutionMs,
        ...shortagesOf(pids, engines),
      };
    },
    [Symbol.dispose]: () => loop[Symbol.dispose](),
  };
}

interface LoopWatch extends Disposable {
  /** How late the loop was since the previous call. */
  take(): Pick<MachineSample, "loopLagP99Ms" | "loopLagMaxMs">;
}

/**
 * A timer of our own: Node's `monitorEventLoopDelay` forgets its last tick at each reset, and so never sees a block
 * that comes straight after one (measured with Node 26: 120 ms, every time).
 */
function loopWatch(): LoopWatch {
  const latenessNs = createHistogram();
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    latenessNs.record(Math.max(1, Math.round((nowMs - lastMs - LOOP_RESOLUTION_MS) * 1e6)));
    lastMs = nowMs;
  }, LOOP_RESOLUTION_MS).unref();
  return {
    take() {
      const lag =
        latenessNs.count === 0
          ? { loopLagP99Ms: 0, loopLagMaxMs: 0 }
          : {
              loopLagP99Ms: round(latenessNs.percentile(99) / 1e6),
              loopLagMaxMs: round(latenessNs.max / 1e6),
            };
      latenessNs.reset();
      return lag;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/**
 * The wall clock less the steady one. Being interrupted between two readings must not look like a clock that was set,
 * so the closest pair of a few counts.
 */
function clockOffsetMs(): number {
  let offsetMs = 0;
  let closestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10 && closestMs > 1; i++) {
    const beforeMs = performance.now();
    const wallMs = Date.now();
    const afterMs = performance.now();
    if (afterMs - beforeMs >= closestMs) continue;
    closestMs = afterMs - beforeMs;
    offsetMs = wallMs - (beforeMs + afterMs) / 2;
  }
  return offsetMs;
}

/** Steps to look at: some microseconds each, and the smallest counts. */
const CLOCK_STEPS = 20;

/** The smallest step of the clock that all times of the harness are taken from. Rounded up: never 0. */
function clockResolutionMs(): number {
  let smallestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < CLOCK_STEPS; i++) {
    const beforeMs = performance.now();
    let afterMs = beforeMs;
    while (afterMs === beforeMs) afterMs = performance.now();
    smallestMs = Math.min(smallestMs, afterMs - beforeMs);
  }
  return Math.ceil(smallestMs * 1_000) / 1_000;
}

/** Empty elsewhere than on Linux, and for a load that is gone. */
function shortagesOf(
  pids: Readonly<Record<string, number>>,
  { names, addresses }: Engines,
): Pick<MachineSample, "descriptorsUsed" | "portsUsed"> {
  let open = 0;
  let descriptorsUsed: number | undefined;
  for (const name of names) {
    const pid = pids[name];
    if (pid === undefined) continue;
    const own = descriptorsOf(pid);
    const limit = read(`/proc/${pid}/limits`, parseDescriptorLimit);
    if (own === undefined || limit === undefined) continue;
    open += own;
    descriptorsUsed = Math.max(descriptorsUsed ?? 0, own / limit);
  }
  const range = read("/proc/sys/net/ipv4/ip_local_port_range", parsePortRange);
  if (descriptorsUsed === undefined) return {};
  return {
    descriptorsUsed: round(descriptorsUsed),
    ...(range === undefined || addresses === 0 ? {} : { portsUsed: round(open / (range * addresses)) }),
  };
}

/** Since Linux 6.2 the folder's size is their number; before, and where it says nothing, they are listed. */
function descriptorsOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}/fd`).size || readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined; // not Linux, or the process is gone
  }
}

/** What is known of the processes at one moment. */
interface Readings {
  /** Ticks since boot. */
  readonly atTicks: number;
  readonly byPid: Map<number, Reading>;
  readonly byThread: Map<number, Turns>;
}

function readings(): Readings {
  const uptimeSeconds = read("/proc/uptime", (text) => Number(text.split(" ")[0])) ?? 0;
  return { atTicks: uptimeSeconds * TICKS_PER_SECOND, byPid: new Map(), byThread: new Map() };
}

interface Usage {
  readonly ticks: number;
  readonly bytes: number;
  readonly turns: Turns;
}

/**
 * CPU ticks of a process and its descendants since the last reading, the turns of that thread of theirs which waited
 * the longest for a core, and the memory they hold: all of the first one's, and what the others do not share with it. Undefined when
 * it is gone.
 */
function readTree(pid: number, last: Readings, now: Readings, isRoot = true): Usage | undefined {
  const stat = read(`/proc/${pid}/stat`, parseStat);
  const memory = read(`/proc/${pid}/status`, parseStatus);
  if (!stat || !memory) return undefined;
  now.byPid.set(pid, stat);
  let ticks = stat.cpuTicks - ticksBefore(last, last.byPid.get(pid), stat);
  let bytes = isRoot ? memory.residentBytes : memory.privateBytes;
  let turns = longestWait(pid, last, now);
  for (const child of childrenOf(pid)) {
    const used = readTree(child, last, now, false);
    if (!used) continue;
    ticks += used.ticks;
    bytes += used.bytes;
    turns = longer(turns, used.turns);
  }
  return { ticks, bytes, turns };
}

/** Of one thread of the process since the last reading; one that was not there then counts from now on. */
function longestWait(pid: number, last: Readings, now: Readings): Turns {
  let longest: Turns = { waitedMs: 0, turns: 0 };
  for (const thread of threadsOf(pid)) {
    const turns = read(`/proc/${pid}/task/${thread}/schedstat`, parseTurns);
    if (turns === undefined) continue;
    now.byThread.set(thread, turns);
    const before = last.byThread.get(thread) ?? turns;
    longest = longer(longest, {
      waitedMs: turns.waitedMs - before.waitedMs,
      turns: turns.turns - before.turns,
    });
  }
  return longest;
}

function longer(one: Turns, other: Turns): Turns {
  return other.waitedMs > one.waitedMs ? other : one;
}

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return []; // not Linux, or the process is gone
  }
}

/** One that began since then counts from nothing; one that was there already, unread, counts from now on. */
function ticksBefore(last: Readings, before: Reading | undefined, stat: Reading): number {
  if (before?.startTicks === stat.startTicks) return before.cpuTicks;
  return stat.startTicks >= last.atTicks ? 0 : stat.cpuTicks;
}

/** Of its main thread, which is where all programs of a run start theirs. */
function childrenOf(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`, (value) => value.trim());
  return text ? text.split(" ").map(Number) : [];
}

function readCpu(): CpuTimes | undefined {
  return read("/proc/stat", parseCpuTimes);
}

/** Of all cores, between two readings. Empty when no tick passed between the two. */
function sharesOf(before: CpuTimes, after: CpuTimes): Pick<MachineSample, "cpu" | "stolen"> {
  const total = after.total - before.total;
  if (total <= 0) return {};
  const share = (ticks: number) => round(Math.min(1, Math.max(0, ticks / total)));
  return { cpu: share(total - (after.idle - before.idle)), stolen: share(after.stolen - before.stolen) };
}

function read<T>(file: string, parse: (text: string) => T): T | undefined {
  try {
    return parse(readFileSync(file, "latin1"));
  } catch {
    return undefined; // not Linux, or the process is gone
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
