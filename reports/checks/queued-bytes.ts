import type { Check } from "../check.ts";
import { show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { ServerSample } from "../record/samples.ts";
import { unheard } from "../unheard.ts";
import type { Phase } from "../windows.ts";

const BYTES = "websocket_send_queue_bytes";
const LIMIT = "process_memory_limit_bytes";
const MEGABYTE = 1_048_576;

interface Share {
  readonly sample: ServerSample;
  readonly bytes: number;
  readonly limitBytes: number;
  readonly percent: number;
}

const check: Check = {
  name: "queued-bytes",
  summary: "what waits for all clients of a server together stays below 5 % of its memory",
  requirement: ["D8", "D49", "INV-BOUND", "A75", "B101"],
  unit: "%",
  limits: { baseline: 5, fault: 5, recovery: 5, final: 5 },
  explain: [
    `From the servers' own gauge ${BYTES}, once a second, as a share of the smaller of their memory limits (V8's heap,`,
    `and the container's where there is one: socket buffers are outside of the heap). The worst moment of the worst`,
    "server counts. It sees what the server says of itself; kernels and proxies hold more. Unknown where a server gave",
    "no metrics in the whole phase.",
  ].join(" "),
  judge(record, phase, limit) {
    const shares = sharesIn(record, phase);
    const worst = shares.toSorted((a, b) => b.percent - a.percent)[0];
    if (!worst) {
      return { status: "unknown", why: `no server reported ${BYTES} and ${LIMIT} in this phase`, samples: 0 };
    }
    const measured = worst.percent;
    const samples = shares.length;
    if (measured <= limit) {
      const silent = unheard(record, phase);
      return silent ? { ...silent, samples, measured } : { status: "met", measured, samples };
    }
    const over = shares.filter(({ percent }) => percent > limit);
    return {
      status: "breached",
      measured,
      samples,
      why: `${worst.sample.server} held ${show(worst.bytes / MEGABYTE)} MB for its clients, ${show(measured)} % of its memory; the limit is ${show(limit)} %`,
      counterexamples: over.map(({ sample: { server, atMs }, bytes, limitBytes }) => ({
        text: `${server}: ${show(bytes / MEGABYTE)} MB wait, of ${show(limitBytes / MEGABYTE)} MB that it may have`,
        atMs,
        server,
      })),
    };
  },
};
export default check;

function sharesIn({ samples }: RunRecord, { fromMs, toMs }: Phase): Share[] {
  return samples.servers.flatMap((sample) => {
    if (sample.atMs <= fromMs || sample.atMs > toMs) return [];
    const bytes = sample.series[BYTES];
    const limits = Object.entries(sample.series).filter(([name]) => name.startsWith(`${LIMIT}{`));
    if (bytes === undefined || limits.length === 0) return [];
    const limitBytes = Math.min(...limits.map(([, value]) => value));
    return [{ sample, bytes, limitBytes, percent: (bytes / limitBytes) * 100 }];
  });
}
