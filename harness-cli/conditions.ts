import type { Condition, NumberCondition, StableCondition } from "../chaos/condition.ts";
import type { Answer } from "../chaos/deadline.ts";
import { emptyHistogram, merge, percentile } from "../scenarios/model/histogram.ts";
import { counts, gauges } from "../scenarios/model/metrics.ts";
import type { Flush, Telemetry } from "../scenarios/model/telemetry.ts";

/** Every number that `when(…)` may name. */
export const quantities: readonly string[] = [...Object.keys(counts), ...Object.keys(gauges)].map(
  (name) => `ledger.${name}`,
);

/** For how long a baseline must look well to be called stable: five reports of every client. */
export const STABLE_FOR_MS = 5_000;

/** One condition while somebody waits for it. */
interface Watch {
  /** True as soon as it holds. */
  flush(line: Flush): boolean;
  /** What was seen last, for the history. */
  seen(): string;
}

/**
 * Says when the conditions of a plan come true, by what the clients report: to the second, since they report once a
 * second. Pure but for the clock that is handed in.
 */
export class Conditions {
  readonly #numbers = new Numbers();
  readonly #watching = new Map<Watch, (answer: Answer) => void>();
  readonly #at: (ms: number, signal: AbortSignal) => Promise<void>;

  /** `at` resolves at a time of the run, or when the signal aborts. */
  constructor(at: (ms: number, signal: AbortSignal) => Promise<void>) {
    this.#at = at;
  }

  telemetry(line: Telemetry): void {
    if (line.type !== "flush") return;
    this.#numbers.flush(line);
    for (const [watch, resolve] of [...this.#watching]) {
      if (watch.flush(line)) resolve({ yes: true, why: watch.seen() });
    }
  }

  async until(condition: Condition, signal: AbortSignal): Promise<Answer> {
    const watch =
      condition.kind === "number"
        ? numberWatch(condition, this.#numbers)
        : stableWatch(condition, this.#numbers);
    const over = new AbortController();
    try {
      return await new Promise<Answer>((resolve) => {
        this.#watching.set(watch, resolve);
        void this.#at(condition.untilMs, AbortSignal.any([signal, over.signal])).then(() =>
          resolve({ yes: false, why: `${watch.seen()} when its time was over` }),
        );
      });
    } finally {
      this.#watching.delete(watch);
      over.abort();
    }
  }
}

/** Counters added up since go, gauges added up over the virtual users. */
class Numbers {
  readonly #totals = new Map<string, number>();
  readonly #gaugesOfVu = new Map<number, Readonly<Record<string, number>>>();

  flush({ vu, counts: counted, gauges: now }: Flush): void {
    for (const [name, value] of Object.entries(counted)) {
      this.#totals.set(name, (this.#totals.get(name) ?? 0) + value);
    }
    this.#gaugesOfVu.set(vu, now);
  }

  /** Undefined while nobody has reported it. */
  value(name: string): number | undefined {
    if (name in counts) return this.#totals.get(name);
    const values = [...this.#gaugesOfVu.values()].flatMap((own) => own[name] ?? []);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
  }
}

function numberWatch({ quantity, is, value }: NumberCondition, numbers: Numbers): Watch {
  const name = quantity.replace(/^ledger\./, "");
  return {
    flush() {
      const now = numbers.value(name);
      return now !== undefined && (is === ">" ? now > value : now < value);
    },
    seen: () => `it was ${numbers.value(name) ?? "never reported"}`,
  };
}

function stableWatch({ fromMs, forMs, deliveryP99Ms }: StableCondition, numbers: Numbers): Watch {
  let sinceMs: number | undefined;
  let seen = "nothing was reported";
  return {
    flush(line) {
      if (line.atMs < fromMs) {
        seen = "the warm-up was not over";
        return false;
      }
      const trouble = troubleIn(line, numbers, deliveryP99Ms);
      if (trouble !== undefined) {
        sinceMs = undefined;
        seen = trouble;
        return false;
      }
      sinceMs ??= line.atMs;
      seen = `it was stable for ${Math.round(line.atMs - sinceMs)} ms`;
      return line.atMs - sinceMs >= forMs;
    },
    seen: () => seen,
  };
}

/** Why this second was not what a baseline should be. */
function troubleIn(line: Flush, numbers: Numbers, deliveryP99Ms: number): string | undefined {
  const due = numbers.value("due") ?? 0;
  const there = numbers.value("subscribed") ?? 0;
  if (there === 0 || there < due) return `${there} of ${due} clients were there`;
  if (line.oddities.length > 0) return `${line.oddities.length} messages came twice, late or astray`;
  // A very full second comes in slices; its counts and histograms are in the last one.
  const { sent = 0, deliveries = 0 } = line.counts;
  if (sent > 0 && deliveries === 0) return `${sent} messages were sent and none came`;
  const delivery = emptyHistogram();
  for (const { metric, data } of line.histograms) if (metric === "delivery") merge(delivery, data);
  const p99Us = percentile(delivery, 0.99) ?? 0;
  return p99Us > deliveryP99Ms * 1_000
    ? `p99 of the deliveries was ${Math.round(p99Us / 1_000)} ms`
    : undefined;
}
