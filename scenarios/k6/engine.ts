import exec from "k6/execution";
import type { Options } from "k6/options";
import { alone, harness } from "../model/home.ts";
import type { LoadConfig } from "../model/load-config.ts";
import type { Scenario } from "../model/scenario.ts";
import { type Binding, overridden, runVu } from "../model/vu.ts";
import { openChannel } from "./channel.ts";
import { Clock } from "./clock.ts";
import { dialler } from "./dial.ts";
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
  const config = overridden(written, __ENV);
  return {
    options: {
      ...(config.hosts ? { hosts: { ...config.hosts } } : {}),
      scenarios: {
        load: {
          executor: "per-vu-iterations",
          vus: config.shards.length,
          iterations: 1,
          maxDuration: `${Math.ceil((config.timing.endMs + SPARE_MS) / 1_000)}s`,
          gracefulStop: "0s",
        },
      },
    },
    run: () => run(scenario, config),
    handleSummary: () => ({}),
  };
}

function binding(telemetryUrl: string | undefined): Binding {
  const clock = new Clock();
  return {
    engine: "k6",
    clock,
    home: (guard) =>
      telemetryUrl
        ? harness((events) => openChannel(telemetryUrl, events, guard))
        : Promise.resolve(alone(clock.epochMs())),
    wake(afterMs, task) {
      const timer = setTimeout(task, afterMs);
      return () => clearTimeout(timer);
    },
    dialler: (origin, guard) => dialler(origin, { clock, guard }),
    sign: (subject, secret) => signJwt(subject, secret, clock.epochMs()),
  };
}

async function run(scenario: Scenario, config: LoadConfig): Promise<void> {
  const unanswered = await runVu(scenario, config, exec.vu.idInTest, binding(__ENV.SEAWORTHY_TELEMETRY));
  // Ends the dials that are still waiting. A WebSocket whose peer never answers its close cannot be ended at all.
  if (unanswered > 0) {
    throw new Error(`${unanswered} connections never answered; if k6 does not end now, press Ctrl-C twice`);
  }
}
