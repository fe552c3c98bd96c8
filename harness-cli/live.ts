import { emptyHistogram, merge, percentile } from "../scenarios/model/histogram.ts";
import type { Telemetry } from "../scenarios/model/telemetry.ts";

/** The run as far as it has come, for the line that people watch. Nothing is judged by it. */
export class Live {
  #connected = 0;
  #due = 0;
  #sent = 0;
  #delivered = 0;
  #oddities = 0;
  #p99Ms: number | undefined;
  readonly #faults = new Set<string>();

  telemetry(line: Telemetry): void {
    if (line.type !== "flush") return;
    this.#connected = line.gauges.subscribed ?? 0;
    this.#due = line.gauges.due ?? 0;
    this.#oddities += line.oddities.length;
    // A very full second comes in slices; its counts and histograms are in the last one.
    if (Object.keys(line.counts).length === 0) return;
    this.#sent = line.counts.sent ?? 0;
    this.#delivered = line.counts.deliveries ?? 0;
    const delivery = emptyHistogram();
    for (const { metric, data } of line.histograms) if (metric === "delivery") merge(delivery, data);
    const p99Us = percentile(delivery, 0.99);
    this.#p99Ms = p99Us === undefined ? undefined : p99Us / 1_000;
  }

  faultBegan(name: string): void {
    this.#faults.add(name);
  }

  faultEnded(name: string): void {
    this.#faults.delete(name);
  }

  /** `12 s of 45 s · 60 of 60 connected · 61 sent/s · 598 delivered/s · p99 8 ms · fault: kill server-2`. */
  line(nowMs: number, endMs: number): string {
    const parts = [
      `${Math.max(0, Math.floor(nowMs / 1_000))} s of ${Math.round(endMs / 1_000)} s`,
      `${this.#connected} of ${this.#due} connected`,
      `${this.#sent} sent/s`,
      `${this.#delivered} delivered/s`,
      `p99 ${this.#p99Ms === undefined ? "–" : `${Math.round(this.#p99Ms)} ms`}`,
    ];
    if (this.#oddities > 0) parts.push(`${this.#oddities} odd`);
    if (this.#faults.size > 0) parts.push(`fault: ${[...this.#faults].join(", ")}`);
    return parts.join(" · ");
  }
}
