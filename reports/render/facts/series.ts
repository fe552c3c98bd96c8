import type { HistogramName } from "../../../scenarios/model/metrics.ts";
import type { RunRecord } from "../../record/run-record.ts";
import { type Axis, type Line, maxValues } from "./axis.ts";
import {
  closeLines,
  countRate,
  gaugeValues,
  percentileLines,
  reconnectLines,
  sendLines,
} from "./client-series.ts";
import { connectionLines, coreWaitLines, cpuLines, queueLines } from "./server-series.ts";

/** Everything the charts draw. `report.json` carries the same under the same names, one bin a second. */
export interface Series {
  /** p50, p95 and p99 of intended send to receipt, by the second in which the message was intended. */
  readonly deliveryMs: readonly Line[];
  readonly deliveriesPerSecond: readonly Line[];
  /** By the second in which they were intended and by what became of them. */
  readonly sendsPerSecond: readonly Line[];
  /** due, connected and subscribed clients. */
  readonly clients: readonly Line[];
  /** Attempts after the first, by outcome. */
  readonly reconnectsPerSecond: readonly Line[];
  /** Closed connections in the bin, by close code. */
  readonly closes: readonly Line[];
  /** p99 over connections, by server. */
  readonly sendQueueP99: readonly Line[];
  /** By server, as the server counts them. */
  readonly connections: readonly Line[];
  /** CPU seconds per second, by process. */
  readonly cpuCores: readonly Line[];
  /** The longest that one thread had work and no core to do it on, by process; none where the kernel does not say. */
  readonly coreWaitMs: readonly Line[];
  /** The generator's own delays. */
  readonly generatorMs: readonly Line[];
}

export function seriesOf(record: RunRecord, axis: Axis): Series {
  return {
    deliveryMs: percentileLines(record, axis, "delivery", [0.5, 0.95, 0.99]),
    deliveriesPerSecond: [{ name: "deliveries", values: countRate(record, axis, "deliveries") }],
    sendsPerSecond: sendLines(record, axis),
    clients: (["due", "connected", "subscribed"] as const).map((name) => ({
      name,
      values: gaugeValues(record, axis, name),
    })),
    reconnectsPerSecond: reconnectLines(record, axis),
    closes: closeLines(record, axis),
    sendQueueP99: queueLines(record, axis),
    connections: connectionLines(record, axis),
    cpuCores: cpuLines(record, axis),
    coreWaitMs: coreWaitLines(record, axis),
    generatorMs: generatorLines(record, axis),
  };
}

function generatorLines(record: RunRecord, axis: Axis): Line[] {
  const named = (metric: HistogramName, name: string) => ({
    name,
    values: percentileLines(record, axis, metric, [0.99])[0]?.values ?? [],
  });
  return [
    named("lateness", "send delay"),
    named("loopLag", "engine loop"),
    {
      name: "harness loop",
      values: maxValues(
        axis,
        record.samples.machine.map((sample) => [sample.atMs, sample.loopLagP99Ms]),
      ),
    },
  ];
}
