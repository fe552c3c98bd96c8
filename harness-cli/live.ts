import { shortOfCpu } from "../reports/fitness.ts";
import { SECOND_LIMITS } from "../reports/generator-limits.ts";
import type { Sample } from "../reports/record/samples.ts";
import { emptyHistogram, type Histogram, merge, percentile } from "../scenarios/model/histogram.ts";
import type { CountName, GaugeName, HistogramName } from "../scenarios/model/metrics.ts";
import type { Flush, Telemetry } from "../scenarios/model/telemetry.ts";

/** The run as far as it has come, for the line that people watch. Nothing is judged by it. */
export class Live {
  /** The last second of each VU. */
  readonly #vus = new Map<number, { readonly gauges: Flush; readonly second: Flush }>();
  #oddities = 0;
  readonly #faults = new Set<string>();
  /** What the machine did to load and target alike in the last second. */
  #starved: string | undefined;

  telemetry(line: Telemetry): void {
    if (line.type !== "flush") return;
    this.#oddities += line.oddities.length;
    // A very full second comes in slices; its counts and histograms are in the last one.
    const isLast = Object.keys(line.counts).length > 0;
    this.#vus.set(line.vu, {
      gauges: line,
      second: isLast ? line : (this.#vus.get(line.vu)?.second ?? line),
    });
  }

  sample(sample: Sample): void {
    if (sample.kind !== "machine") return;
    this.#starved = shortOfCpu(sample);
  }

  faultBegan(name: string): void {
    this.#faults.add(name);
  }

  faultEnded(name: string): void {
    this.#faults.delete(name);
  }

  /** `12 s of 45 s · 60 of 60 connected · 61 sent/s · 598 delivered/s · p99 8 ms · load fit · fault: kill server-2`. */
  line(nowMs: number, endMs: number): string {
    const gauge = (name: GaugeName) => this.#sum(({ gauges }) => gauges.gauges[name]);
    const count = (name: CountName) => this.#sum(({ second }) => second.counts[name]);
    const p99Us = percentile(this.#histogram("delivery"), 0.99);
    const parts = [
      `${Math.max(0, Math.floor(nowMs / 1_000))} s of ${Math.round(endMs / 1_000)} s`,
      `${gauge("subscribed")} of ${gauge("due")} connected`,
      `${count("sent")} sent/s`,
      `${count("deliveries")} delivered/s`,
      `p99 ${p99Us === undefined ? "–" : `${Math.round(p99Us / 1_000)} ms`}`,
      `load ${this.#fitness()}`,
    ];
    if (this.#oddities > 0) parts.push(`${this.#oddities} odd`);
    if (this.#faults.size > 0) parts.push(`fault: ${[...this.#faults].join(", ")}`);
    return parts.join(" · ");
  }

  #sum(of: (vu: { readonly gauges: Flush; readonly second: Flush }) => number | undefined): number {
    return [...this.#vus.values()].reduce((sum, vu) => sum + (of(vu) ?? 0), 0);
  }

  /** By the limits of the verdict: `fit`, `late (sends 80 ms late)`, `starved (40 % of the CPU taken away)`. */
  #fitness(): string {
    const skipped = this.#sum(({ second }) => second.counts.missedLate);
    if (skipped > 0) return `late (${skipped} sends skipped)`;
    const p99Ms = (metric: HistogramName) => (percentile(this.#histogram(metric), 0.99) ?? 0) / 1_000;
    const sendsMs = p99Ms("lateness");
    if (sendsMs > SECOND_LIMITS.latenessP99Ms) return `late (sends ${Math.round(sendsMs)} ms late)`;
    const lagMs = p99Ms("loopLag");
    if (lagMs > SECOND_LIMITS.loopLagP99Ms) return `late (event loop ${Math.round(lagMs)} ms late)`;
    return this.#starved ? `starved (${this.#starved})` : "fit";
  }

  #histogram(metric: HistogramName): Histogram {
    const all = emptyHistogram();
    for (const { second } of this.#vus.values()) {
      for (const one of second.histograms) if (one.metric === metric) merge(all, one.data);
    }
    return all;
  }
}
