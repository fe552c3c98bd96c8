import { emptyHistogram, type Histogram, merge, percentile } from "./histogram.ts";
import type { Flush, Telemetry } from "./telemetry.ts";

/** Without a harness: one line a second and a summary at the end, from the same telemetry. */
export class Console {
  readonly #delivery = emptyHistogram();
  readonly #totals: Record<string, number> = {};
  readonly #outcomes = { c: 0, r: 0 };
  readonly #closes = new Map<string, number>();
  #oddities = 0;

  line(telemetry: Telemetry): void {
    switch (telemetry.type) {
      case "hello":
        console.log(`${telemetry.clients} clients, no harness: nothing is judged`);
        break;
      case "error":
        console.error(`${telemetry.where}: ${telemetry.message}`);
        break;
      case "flush":
        this.#flush(telemetry);
        break;
      case "bye":
        this.#summary(telemetry.abandoned);
        break;
    }
  }

  #flush(telemetry: Flush): void {
    const second = emptyHistogram();
    for (const { metric, data } of telemetry.histograms) {
      if (metric !== "delivery") continue;
      merge(second, data);
      merge(this.#delivery, data);
    }
    for (const [name, count] of Object.entries(telemetry.counts)) {
      this.#totals[name] = (this.#totals[name] ?? 0) + count;
    }
    for (const [, , , outcome] of telemetry.outcomes) this.#outcomes[outcome] += 1;
    for (const event of telemetry.connections) {
      const key = event.what === "closed" ? `${event.code ?? "none"} ${event.by}` : event.what;
      if (event.what === "closed" || event.what === "failed")
        this.#closes.set(key, (this.#closes.get(key) ?? 0) + 1);
    }
    this.#oddities += telemetry.oddities.length;
    const { counts, gauges, atMs } = telemetry;
    console.log(
      `${Math.round(atMs / 1_000)} s  ${gauges.subscribed ?? 0} of ${gauges.due ?? 0} subscribed  ` +
        `${counts.sent ?? 0} sent  ${counts.deliveries ?? 0} delivered  p99 ${p(second, 0.99)}`,
    );
  }

  #summary(abandoned: number): void {
    const { sent = 0, deliveries = 0, missedOffline = 0, missedLate = 0, errorFrames = 0 } = this.#totals;
    const { c, r } = this.#outcomes;
    const closes = [...this.#closes].map(([what, count]) => `${count} × ${what}`).join(", ");
    console.log(`sent ${sent}: ${c} confirmed, ${r} rejected, ${sent - c - r} unknown`);
    console.log(`slots missed: ${missedOffline} while offline, ${missedLate} because the generator was late`);
    console.log(`delivered ${deliveries}, ${this.#oddities} odd, ${errorFrames} ERROR frames`);
    console.log(
      `delivery p50 ${p(this.#delivery, 0.5)}  p95 ${p(this.#delivery, 0.95)}  p99 ${p(this.#delivery, 0.99)}`,
    );
    console.log(`ends of connections: ${closes || "none"}; abandoned: ${abandoned}`);
  }
}

function p(histogram: Histogram, q: number): string {
  const valueUs = percentile(histogram, q);
  return valueUs === undefined ? "–" : `${(valueUs / 1_000).toFixed(1)} ms`;
}
