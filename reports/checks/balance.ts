import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Phase } from "../windows.ts";

const SERIES = "websocket_connections_active";
/** With fewer on the average server, one connection more is a tenth of it. */
const FEWEST_EACH = 10;
/** Samples in a row, one a second: a busy server's answer may be late once. */
const GONE_AFTER = 3;

const check: Check = {
  name: "balance",
  summary: "every instance carries its share of the connections",
  requirement: ["INV-BALANCE", "B31", "B33"],
  unit: "max/mean",
  limits: { baseline: 1.2, final: 1.2 },
  explain: [
    `Connections of the fullest instance as a multiple of the mean of all, from the servers' own ${SERIES}, at the end of`,
    "the phase: what a balancer is to be judged by is where its clients are when it had its time. 1 is even; of three,",
    "1.5 means that one is empty, and 8,000 beside twice 2,000 is 2 (B31). Above 1.2 is a breach. An instance that does",
    `not answer carries nobody. Needs ${FEWEST_EACH} connections on the average instance, and two of them, else unknown.`,
  ].join(" "),
  judge(record, phase, limit) {
    const carried = connectionsAtEnd(record, phase);
    const total = [...carried.values()].reduce((sum, count) => sum + count, 0);
    if (carried.size < 2 || total < FEWEST_EACH * carried.size) {
      const why =
        carried.size === 0
          ? `no server reported ${SERIES} in this phase`
          : `${plural(total, "connection")} on ${plural(carried.size, "instance")} are too few to tell`;
      return { status: "unknown", why, samples: total };
    }
    const mean = total / carried.size;
    const measured = Math.round((100 * Math.max(...carried.values())) / mean) / 100;
    if (measured <= limit) return { status: "met", measured, samples: total };
    const sorted = [...carried].sort(([, a], [, b]) => b - a);
    return {
      status: "breached",
      measured,
      samples: total,
      why: `the fullest instance carries ${measured} times the mean: ${sorted.map(([server, count]) => `${server} ${show(count)}`).join(", ")}`,
      counterexamples: sorted.map(([server, count]) => ({
        text: `${server}: ${plural(count, "connection")}, the mean is ${show(mean)}`,
        server,
      })),
    };
  },
};
export default check;

/** By server, what it said last within the phase; nobody, where it has not answered for so long that it is gone. */
function connectionsAtEnd(record: RunRecord, phase: Phase): ReadonlyMap<string, number> {
  const carried = new Map<string, number>();
  const missed = new Map<string, number>();
  for (const { server, atMs, up, series } of record.samples.servers) {
    if (atMs <= phase.fromMs || atMs > phase.toMs) continue;
    const count = series[SERIES];
    missed.set(server, up ? 0 : (missed.get(server) ?? 0) + 1);
    if (count !== undefined) carried.set(server, count);
  }
  for (const [server, times] of missed) {
    if (times >= GONE_AFTER || (times > 0 && !carried.has(server))) carried.set(server, 0);
  }
  return carried;
}
