import exec from "k6/execution";
import type { Options } from "k6/options";
import { Crew } from "../model/crew.ts";
import type { LoadAccess, LoadConfig } from "../model/load-config.ts";
import type { Scenario } from "../model/scenario.ts";
import type { Control, Telemetry } from "../model/telemetry.ts";
import { type Channel, openChannel } from "./channel.ts";
import { Clock } from "./clock.ts";
import { Console } from "./console.ts";
import { dial } from "./dial.ts";
import { type Guard, guardedBy } from "./guard.ts";
import { signJwt } from "./jwt.ts";

/** What k6 wants a script to export. */
export interface K6Script {
  readonly options: Options;
  readonly run: () => Promise<void>;
  /** k6's own summary is left out: its trends keep every sample and pass on none. */
  readonly handleSummary: () => Record<string, never>;
}

/** Longer than any wait for the harness's go. The run ends itself; this only bounds a k6 that nobody stops. */
const SPARE_MS = 120_000;

/**
 * A scenario as a k6 script: few VUs, each with all its sockets in one iteration. With SEAWORTHY_TELEMETRY set it
 * reports there, waits for go and obeys stop; without, it starts at once and prints. SEAWORTHY_ENDPOINTS (comma
 * separated) and SEAWORTHY_JWT_SECRET replace what the script was written with.
 */
export function k6Script(scenario: Scenario, written: LoadConfig): K6Script {
  const config = overridden(written);
  return {
    options: {
      ...(config.hosts ? { hosts: { ...config.hosts } } : {}),
      scenarios: {
        load: {
          executor: "per-vu-iterations",
          vus: config.vus,
          iterations: 1,
          maxDuration: `${Math.ceil((config.timing.endMs + SPARE_MS) / 1_000)}s`,
          gracefulStop: "0s",
        },
      },
    },
    run: () => runVu(scenario, config, __ENV.SEAWORTHY_TELEMETRY),
    handleSummary: () => ({}),
  };
}

async function runVu(
  scenario: Scenario,
  config: LoadConfig,
  telemetryUrl: string | undefined,
): Promise<void> {
  const vu = exec.vu.idInTest;
  const clock = new Clock();
  let report = (where: string, error: unknown): void => console.error(`${where}: ${error}`);
  const guarded = guardedBy((where, error) => report(where, error));
  const home = telemetryUrl ? await harness(telemetryUrl, guarded) : alone(clock);
  const crew = new Crew(scenario, config, vu, {
    nowMs: () => clock.nowMs(),
    wake(afterMs, task) {
      const timer = setTimeout(guarded("timer", task), afterMs);
      return () => clearTimeout(timer);
    },
    dial: (url, events) => dial(url, config.access.origin, events, { clock, guard: guarded }),
    connectHeaders: (user) => connectHeaders(config.access, user, clock.epochMs()),
    emit: (line) => home.emit(line),
  });
  report = (where, error) => crew.report(where, error);

  home.emit({ type: "hello", engine: "k6", vu, clients: crew.clients });
  const startEpochMs = await home.go;
  if (startEpochMs !== undefined) {
    clock.go(startEpochMs);
    home.onStop((drainMs) => crew.stop(drainMs));
    await crew.run();
  } else {
    home.emit({ type: "bye", vu, atMs: 0, abandoned: 0 });
  }
  home.close();
  // Ends the dials that are still waiting. A WebSocket whose peer never answers its close cannot be ended at all.
  const { size } = crew.unanswered;
  if (size > 0) {
    throw new Error(`${size} connections never answered; if k6 does not end now, press Ctrl-C twice`);
  }
}

/** Where a VU's telemetry goes and who tells it to begin and to stop. */
interface Home {
  emit(line: Telemetry): void;
  /** Epoch ms of time zero; undefined when the run is stopped before it began. */
  readonly go: Promise<number | undefined>;
  onStop(stop: (drainMs: number) => void): void;
  close(): void;
}

function alone(clock: Clock): Home {
  const lines = new Console();
  return {
    emit: (line) => lines.line(line),
    go: Promise.resolve(clock.epochMs()),
    onStop() {},
    close() {},
  };
}

/** Resolves when the harness listens. Without it nobody would see the results, so its end is the run's end. */
function harness(url: string, guard: Guard): Promise<Home> {
  return new Promise((resolve, reject) => {
    let go: (startEpochMs: number | undefined) => void = () => {};
    let stop: (drainMs: number) => void = () => {};
    const gone = new Promise<number | undefined>((resolveGo) => {
      go = resolveGo;
    });
    const obey = (control: Control) => {
      if (control.type === "go") {
        go(control.startEpochMs);
      } else {
        go(undefined);
        stop(control.drainMs);
      }
    };
    const channel: Channel = openChannel(
      url,
      {
        opened: () => resolve(home),
        control: obey,
        closed(reason) {
          reject(new Error(`no telemetry: ${reason}`));
          obey({ type: "stop", drainMs: 0 });
        },
      },
      guard,
    );
    const home: Home = {
      emit: (line) => channel.emit(line),
      go: gone,
      onStop(listener) {
        stop = listener;
      },
      close: () => channel.close(),
    };
  });
}

function connectHeaders(access: LoadAccess, user: string, nowEpochMs: number): Record<string, string> {
  if (access.kind === "jwt") {
    return { Authorization: `Bearer ${signJwt(user, access.secret, nowEpochMs)}` };
  }
  return Object.fromEntries(
    Object.entries(access.headers).map(([name, value]) => [name, value.replaceAll("{user}", user)]),
  );
}

function overridden(written: LoadConfig): LoadConfig {
  const { SEAWORTHY_ENDPOINTS: endpoints, SEAWORTHY_JWT_SECRET: secret } = __ENV;
  const { access } = written;
  return {
    ...written,
    ...(endpoints ? { endpoints: endpoints.split(",") } : {}),
    access: secret && access.kind === "jwt" ? { ...access, secret } : access,
  };
}
