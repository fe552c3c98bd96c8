import { setTimeout as wait } from "node:timers/promises";
import type { Sample } from "../reports/record/samples.ts";
import { machineSampler } from "./machine.ts";
import type { RunClock } from "./run-clock.ts";
import { scrape } from "./scrape.ts";
import type { RunningTarget } from "./target/target.ts";

export interface Sampling extends AsyncDisposable {
  /** The load is over: resolves when the last sample is written, of instances that nobody is connected to any more. */
  stop(): Promise<void>;
}

/** A scrape that takes longer than this counts as an instance that is down; less than a second, so none overlap. */
const SCRAPE_DEADLINE_MS = 800;

/** The clients have left; what an instance still says that it holds after so long, it holds (INV-LEAK). */
const SETTLED_WITHIN_MS = 5_000;
const LOOK_AGAIN_MS = 100;
const CONNECTIONS = "websocket_connections_active";

/** Scrapes every instance and reads the machine once a second, on whole seconds of the run. */
export function sampleEverySecond(options: {
  readonly clock: RunClock;
  readonly target: RunningTarget;
  readonly pids: () => Readonly<Record<string, number>>;
  /** Which of them are the load. */
  readonly engines: readonly string[];
  /** The longest that a report of the load was on its way since this was last asked, ms. */
  readonly telemetryLagMs: () => number;
  readonly onSample: (sample: Sample) => void;
  readonly onTick: () => void;
}): Sampling {
  const { clock, target, pids, engines, telemetryLagMs, onSample, onTick } = options;
  const load = { names: engines, addresses: new Set(target.endpoints).size };
  const stopping = new AbortController();
  const machine = machineSampler();

  async function loop(): Promise<void> {
    for (
      let second = 1;
      !stopping.signal.aborted;
      second = Math.max(second + 1, Math.ceil(clock.nowMs() / 1_000))
    ) {
      await clock.at(second * 1_000, stopping.signal);
      const samples = await Promise.all([
        { ...machine.sample(clock.nowMs(), pids(), load), telemetryLagMs: telemetryLagMs() },
        ...target.servers.map((server) => scrape(server, clock.nowMs(), SCRAPE_DEADLINE_MS)),
      ]);
      for (const sample of samples) onSample(sample);
      onTick();
    }
  }

  const finished = loop();
  finished.catch(() => {});
  const end = async () => {
    stopping.abort();
    machine[Symbol.dispose]();
    await finished;
  };
  /** The ends of the last connections are still on their way through proxies and a busy machine. */
  const settle = async () => {
    const untilMs = clock.nowMs() + SETTLED_WITHIN_MS;
    for (;;) {
      const scrapes = target.servers.map((server) => scrape(server, clock.nowMs(), SCRAPE_DEADLINE_MS));
      const samples = await Promise.all(scrapes);
      const settled = samples.every(({ series }) => (series[CONNECTIONS] ?? 0) === 0);
      if (settled || clock.nowMs() >= untilMs) {
        for (const sample of samples) onSample(sample);
        return;
      }
      await wait(LOOK_AGAIN_MS);
    }
  };
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= end().then(settle);
    return stopped;
  };
  return { stop, [Symbol.asyncDispose]: () => stopped ?? end() };
}
