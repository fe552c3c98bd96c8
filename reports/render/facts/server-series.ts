import type { RunRecord } from "../../record/run-record.ts";
import type { ServerSample } from "../../record/samples.ts";
import { rounded } from "../numbers.ts";
import { type Axis, binOf, type Line, lastValues, maxValues, zeros } from "./axis.ts";
import { addBuckets, type Buckets, bucketPercentile, bucketsOf, bucketsSince } from "./queue-depth.ts";

export function serverNames(record: RunRecord): readonly string[] {
  return [...new Set(record.samples.servers.map((sample) => sample.server))].sort();
}

export function activeConnections(sample: ServerSample): number | undefined {
  return sample.up ? sample.series.websocket_connections_active : undefined;
}

export function queueLines(record: RunRecord, axis: Axis): Line[] {
  return serverNames(record).map((name) => {
    const bins = new Array<Buckets | undefined>(axis.bins).fill(undefined);
    let before: Buckets | undefined;
    for (const sample of record.samples.servers) {
      if (sample.server !== name || !sample.up) continue;
      const now = bucketsOf(sample, "websocket_send_queue_depth");
      if (now.length === 0) continue;
      const bin = binOf(axis, sample.atMs);
      if (bin !== undefined) bins[bin] = addBuckets(bins[bin], bucketsSince(before, now));
      before = now;
    }
    return {
      name,
      values: bins.map((buckets) => {
        const depth = buckets === undefined ? undefined : bucketPercentile(buckets, 0.99);
        if (depth === undefined || buckets === undefined) return null;
        // Beyond the last finite bound: at least one more than that, as the check says too.
        return Number.isFinite(depth) ? depth : (buckets.at(-2)?.[0] ?? 0) + 1;
      }),
    };
  });
}

export function cpuLines(record: RunRecord, axis: Axis): Line[] {
  const names = new Set(record.samples.machine.flatMap((sample) => Object.keys(sample.processCpu)));
  return [...names].sort().map((name) => {
    const sums = zeros(axis);
    const seen = zeros(axis);
    for (const sample of record.samples.machine) {
      const cores = sample.processCpu[name];
      const bin = binOf(axis, sample.atMs);
      if (cores === undefined || bin === undefined) continue;
      sums[bin] = (sums[bin] as number) + cores;
      seen[bin] = (seen[bin] as number) + 1;
    }
    return {
      name,
      values: sums.map((sum, bin) => (seen[bin] === 0 ? null : rounded(sum / (seen[bin] as number)))),
    };
  });
}

/** The longest in each bin: what one thread waits is lost to all who wait for it. */
export function coreWaitLines(record: RunRecord, axis: Axis): Line[] {
  const waits = record.samples.machine.flatMap(({ atMs, processWaitMs = {} }) =>
    Object.entries(processWaitMs).map(([name, ms]) => ({ name, at: [atMs, ms] as const })),
  );
  return [...Map.groupBy(waits, ({ name }) => name)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({
      name,
      values: maxValues(
        axis,
        own.map(({ at }) => at),
      ),
    }));
}

/** As the server itself counts them. */
export function connectionLines(record: RunRecord, axis: Axis): Line[] {
  return serverNames(record).map((name) => {
    const own = record.samples.servers.filter((sample) => sample.server === name);
    return { name, values: lastValues(axis, own, activeConnections) };
  });
}
