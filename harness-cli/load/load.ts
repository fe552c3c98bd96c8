import type { LoadEngine } from "../../reports/record/plan.ts";
import type { EngineEnd, LoadOptions, RunningEngine } from "./engine-process.ts";
import { startK6 } from "./k6.ts";
import { startNative } from "./native.ts";

/** The plan's whole load, on as many engines as its roles want. */
export interface RunningLoad extends AsyncDisposable {
  /** All clients are there and wait for go. Rejects with SW_LOAD_FAILED. */
  readonly ready: Promise<void>;
  readonly pids: Readonly<Partial<Record<LoadEngine, number>>>;
  /** Settles when all engines are gone, or one of them died before its time; never rejects. */
  readonly finished: Promise<LoadEnd>;
  go(startEpochMs: number): void;
  /** Ends early: no more publishing, `drainMs` of listening, then everybody leaves. */
  stop(drainMs: number): void;
  /** Straight to every engine's process. */
  signal(signal: NodeJS.Signals): void;
}

export interface LoadEnd extends EngineEnd {
  /** The one that died, or the last one to end. */
  readonly engine: LoadEngine;
}

const starters = { k6: startK6, native: startNative } as const;

/** Starts every engine that the plan needs, at the same time. None connects anybody before `go`. */
export async function startLoad(options: LoadOptions): Promise<RunningLoad> {
  const names = [...new Set(options.plan.roles.map(({ engine }) => engine))].sort();
  const engines = await allOrNone(names, options);
  const ends = engines.map(([engine, { finished }]) => finished.then((end) => ({ engine, ...end })));
  const ready = Promise.all(engines.map(([, engine]) => engine.ready)).then(() => {});
  ready.catch(() => {});
  return {
    ready,
    pids: Object.fromEntries(engines.map(([name, { pid }]) => [name, pid])),
    finished: Promise.race([firstDeath(ends), Promise.all(ends).then((all) => all.at(-1) as LoadEnd)]),
    go: (startEpochMs) => engines.forEach(([, engine]) => void engine.go(startEpochMs)),
    stop: (drainMs) => engines.forEach(([, engine]) => void engine.stop(drainMs)),
    signal: (signal) => engines.forEach(([, engine]) => void engine.signal(signal)),
    [Symbol.asyncDispose]: () => disposeAll(engines.map(([, engine]) => engine)),
  };
}

async function allOrNone(
  names: readonly LoadEngine[],
  options: LoadOptions,
): Promise<(readonly [LoadEngine, RunningEngine])[]> {
  const results = await Promise.allSettled(names.map((name) => starters[name](options)));
  const failed = results.find((result) => result.status === "rejected");
  const started = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (failed) {
    await disposeAll(started);
    throw failed.reason;
  }
  return names.map((name, i) => [name, started[i] as RunningEngine]);
}

async function disposeAll(engines: readonly RunningEngine[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]()));
}

/** Never, if none dies. */
function firstDeath(ends: readonly Promise<LoadEnd>[]): Promise<LoadEnd> {
  return new Promise((resolve) => {
    for (const one of ends) void one.then((end) => end.how === "died" && resolve(end));
  });
}
