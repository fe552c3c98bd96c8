import { getHeapStatistics } from "node:v8";
import { collectDefaultMetrics, Gauge, Histogram, type Registry } from "prom-client";
import { watchLoopLag } from "./loop-lag.ts";

/** Down to 1 ms, and an edge at each limit of D16: 100 and 200 ms. */
const GC_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1];
/** An edge at the 20 ms that the bench allows at half capacity. */
const LAG_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/**
 * What every Node process can tell: heap, GC, descriptors open and allowed (D57, D69), and beside them a histogram of
 * the loop's lag (Node's own percentiles are gauges since the start, which neither add up over instances nor tell one
 * phase from another) and the two limits that queued bytes are to be compared with (A75, D8).
 */
export function collectProcessMetrics(registry: Registry): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry, gcDurationBuckets: GC_SECONDS });
  const lag = new Histogram({
    name: "event_loop_lag_seconds",
    help: "lateness of a timer that is due every 20 ms (A59, A135, D57)",
    buckets: LAG_SECONDS,
    registers,
  });
  watchLoopLag((seconds) => lag.observe(seconds));
  const limits = new Gauge({
    name: "process_memory_limit_bytes",
    help: "limit of V8's heap, and of the container or machine, which also holds socket buffers (A75)",
    labelNames: ["of"],
    registers,
  });
  limits.set({ of: "heap" }, getHeapStatistics().heap_size_limit);
  const container = process.constrainedMemory();
  if (container > 0) limits.set({ of: "container" }, container);
}
