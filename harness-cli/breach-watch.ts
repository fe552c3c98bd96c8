import { GENERATOR_CHECK } from "../reports/judge.ts";
import type { Plan } from "../reports/record/plan.ts";
import type { Judgement } from "../reports/report.ts";
import type { ConnectionEvent, Telemetry } from "../scenarios/model/telemetry.ts";
import type { Catalog } from "./catalog.ts";
import { judgeRun } from "./outputs.ts";

/** A run that is not worth going on with: `signal` aborts, and `breach` says why. */
export interface BreachWatch extends AsyncDisposable {
  readonly signal: AbortSignal;
  readonly breach: Breach | undefined;
  telemetry(line: Telemetry): void;
  /** Resolves when it has judged the record so many times. */
  looked(times: number): Promise<void>;
}

export interface Breach {
  readonly check: string;
  readonly phase: string;
  readonly why: string;
}

/** What no later event makes good again: each counts single events against a limit. A latency may still recover. */
const BEYOND_RECOVERY = ["close-codes", "no-duplicate", "no-misdelivery", "no-phantom", "room-order"];
/** Between two looks at the record; a breach must be there in two that follow each other (the grace). */
export const LOOK_EVERY_MS = 2_000;
/** A look at a long record takes its time: at most a tenth of it is spent on looking. */
const REST_FACTOR = 9;

/**
 * Judges the record so far by the very same checks, but only when the load told of something that could be a breach:
 * a healthy run costs nothing. Where the generator was not fit, a breach is none, as in the verdict at the end.
 */
export function watchForBreach(options: {
  readonly dir: string;
  readonly plan: Plan;
  readonly catalog: Catalog;
  readonly cwd: string;
  readonly lookEveryMs: number;
}): BreachWatch {
  const { dir, plan, catalog, cwd, lookEveryMs } = options;
  const checks = plan.checks.filter(({ name }) => [...BEYOND_RECOVERY, GENERATOR_CHECK].includes(name));
  const stopped = new AbortController();
  let isSuspicious = false;
  let before: ReadonlySet<string> = new Set();
  let breach: Breach | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let isOver = false;
  let looks = 0;
  const waiters = new Set<() => void>();

  function lookIn(ms: number): void {
    if (isOver || breach) return;
    timer = setTimeout(() => {
      looking = look();
    }, ms).unref();
  }

  async function look(): Promise<void> {
    const beganMs = performance.now();
    if (isSuspicious) {
      isSuspicious = false;
      const { report } = await judgeRun(dir, catalog, cwd, checks);
      const found = report.judgements.filter(
        ({ check, verdict }) => BEYOND_RECOVERY.includes(check) && verdict.status === "breached",
      );
      const certain = found.find((judgement) => before.has(keyOf(judgement)));
      before = new Set(found.map(keyOf));
      // Nothing new, nothing to look at.
      isSuspicious ||= found.length > 0;
      looks += 1;
      for (const waiter of waiters) waiter();
      if (certain?.verdict.status === "breached" && !isOver) {
        breach = { check: certain.check, phase: certain.phase, why: certain.verdict.why };
        stopped.abort();
      }
    }
    lookIn(Math.max(lookEveryMs, REST_FACTOR * (performance.now() - beganMs)));
  }

  lookIn(lookEveryMs);
  return {
    signal: stopped.signal,
    get breach() {
      return breach;
    },
    telemetry(line) {
      if (line.type !== "flush") return;
      isSuspicious ||= line.oddities.length > 0 || line.connections.some(wasLost);
    },
    looked: (times) =>
      new Promise((resolve) => {
        const ask = () => looks >= times && resolve();
        waiters.add(ask);
        ask();
      }),
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

function wasLost(event: ConnectionEvent): boolean {
  return event.what === "closed" && event.by !== "self";
}

function keyOf({ check, phase }: Judgement): string {
  return `${check} in ${phase}`;
}
