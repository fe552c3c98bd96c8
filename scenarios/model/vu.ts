import { connectHeaders } from "./access.ts";
import { Crew } from "./crew.ts";
import type { Examining, Wire, WireEvents } from "./engine.ts";
import { type Guard, guardedBy } from "./guard.ts";
import type { Home } from "./home.ts";
import type { LoadConfig } from "./load-config.ts";
import type { Scenario } from "./scenario.ts";
import type { Hello } from "./telemetry.ts";

/** What an engine binds: a clock, a timer, sockets, a signature, and the way home. */
export interface Binding {
  readonly engine: Hello["engine"];
  readonly clock: { go(startEpochMs: number): void; epochMs(): number; nowMs(): number };
  home(guard: Guard): Promise<Home>;
  /** Runs a task after a delay; returns what cancels it. */
  wake(afterMs: number, task: () => void): () => void;
  dialler(origin: string | undefined, guard: Guard): (url: string, events: WireEvents) => Wire;
  sign(subject: string, secret: string): string;
  /** Of an engine that plays exam roles. */
  readonly examining?: (guard: Guard) => Examining;
}

/** The whole life of one VU: hello, go, the run, bye. Resolves with how many connections never answered. */
export async function runVu(
  scenario: Scenario,
  config: LoadConfig,
  vu: number,
  binding: Binding,
): Promise<number> {
  const { clock } = binding;
  let report = (where: string, error: unknown): void => console.error(`${where}: ${error}`);
  const guard = guardedBy((where, error) => report(where, error));
  const home = await binding.home(guard);
  const crew = new Crew(scenario, config, vu, {
    nowMs: () => clock.nowMs(),
    wake: (afterMs, task) => binding.wake(afterMs, guard("timer", task)),
    dial: binding.dialler(config.access.origin, guard),
    connectHeaders: (user) => connectHeaders(config.access, user, binding.sign),
    emit: (line) => home.emit(line),
    ...(binding.examining ? { examining: binding.examining(guard) } : {}),
  });
  report = (where, error) => crew.report(where, error);

  home.emit({ type: "hello", engine: binding.engine, vu, clients: crew.clients });
  const startEpochMs = await home.go;
  if (startEpochMs !== undefined) {
    clock.go(startEpochMs);
    home.onStop((drainMs) => crew.stop(drainMs));
    await crew.run();
  } else {
    home.emit({ type: "bye", vu, atMs: 0, abandoned: 0 });
  }
  home.close();
  return crew.unanswered.size;
}

/** SEAWORTHY_ENDPOINTS (comma-separated) and SEAWORTHY_JWT_SECRET replace what an entry was written with. */
export function overridden(
  written: LoadConfig,
  env: Readonly<Record<string, string | undefined>>,
): LoadConfig {
  const { SEAWORTHY_ENDPOINTS: endpoints, SEAWORTHY_JWT_SECRET: secret } = env;
  const { access } = written;
  return {
    ...written,
    ...(endpoints ? { endpoints: endpoints.split(",") } : {}),
    access: secret && access.kind === "jwt" ? { ...access, secret } : access,
  };
}
