import { isMainThread, Worker, workerData } from "node:worker_threads";
import { alone, harness } from "../model/home.ts";
import type { LoadConfig } from "../model/load-config.ts";
import type { Scenario } from "../model/scenario.ts";
import { type Binding, overridden, runVu } from "../model/vu.ts";
import { type NativeChannel, openChannel } from "./channel.ts";
import { Clock } from "./clock.ts";
import { dial } from "./dial.ts";
import { request } from "./http.ts";
import { signClaims, signJwt } from "./jwt.ts";

/** Texts of messages die young: with the default of 16 MB many of them are copied once before they do. */
const YOUNG_MB = 64;

/**
 * A scenario as a program for Node: one worker thread for each shard, so that a role that misbehaves does not hold up
 * another one's clock. `entry` is the file that calls this; each thread runs it again. With SEAWORTHY_TELEMETRY set it
 * reports there, waits for go and obeys stop; without, it starts at once and prints.
 */
export async function playNative(scenario: Scenario, written: LoadConfig, entry: string): Promise<void> {
  const config = overridden(written, process.env);
  if (isMainThread) await inThreads(config, entry);
  else await inThread(scenario, config, workerData as number);
}

/** Ends the process with 1 as soon as one thread fails: half a load is no load. */
async function inThreads({ shards }: LoadConfig, entry: string): Promise<void> {
  const codes = await Promise.all(shards.map(({ vu }) => exitOf(threadOf(vu, entry))));
  process.exitCode = Math.max(...codes);
}

function threadOf(vu: number, entry: string): Worker {
  return new Worker(new URL(entry), {
    workerData: vu,
    name: `vu ${vu}`,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
}

function exitOf(worker: Worker): Promise<number> {
  return new Promise((resolve) => {
    worker.on("error", (error) => {
      console.error(error);
      process.exit(1);
    });
    worker.on("exit", resolve);
  });
}

async function inThread(scenario: Scenario, config: LoadConfig, vu: number): Promise<void> {
  const url = process.env.SEAWORTHY_TELEMETRY;
  const clock = new Clock();
  let channel: NativeChannel | undefined;
  const binding: Binding = {
    engine: "native",
    clock,
    home: (guard) => {
      if (!url) return Promise.resolve(alone(clock.epochMs()));
      return harness((events) => {
        channel = openChannel(url, events, guard);
        return channel;
      });
    },
    wake(afterMs, task) {
      const timer = setTimeout(task, afterMs);
      return () => clearTimeout(timer);
    },
    dialler: (origin, guard) => (to, events) =>
      dial(to, origin, events, { clock, guard, ...(config.hosts ? { hosts: config.hosts } : {}) }),
    sign: (subject, secret) => signJwt(subject, secret, clock.epochMs()),
    examining: (guard) => ({
      dial: (to, { origin, headers }, events) =>
        dial(to, origin, events, { clock, guard, headers, ...(config.hosts ? { hosts: config.hosts } : {}) }),
      http: request,
      token: (claims, secret, lifeMs) => signClaims(claims, secret, clock.epochMs(), lifeMs),
    }),
  };
  await runVu(scenario, config, vu, binding);
  await channel?.over;
  // Whatever sockets are left, half-open or never answered, end with the thread.
  process.exit();
}
