import type { Check } from "../check.ts";
import { type Closed, explains } from "../close-cause.ts";
import { plural, show } from "../measure.ts";
import { type PlannedRole, roleOfClient } from "../record/plan.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Counterexample } from "../verdict.ts";
import { faultSpans, loadEndsMs, messageSpan, type Phase } from "../windows.ts";

/** One client that misbehaves on purpose, and how its first connection ended. */
interface Fate {
  readonly client: number;
  readonly role: PlannedRole;
  readonly connectedMs: number;
  /** Undefined where the record does not have its end. */
  readonly close: Closed | undefined;
  /** It was connected again after that. */
  readonly back: boolean;
}

const check: Check = {
  name: "evicted",
  summary: "clients that misbehave on purpose are closed with the code that they ask for, and may come back",
  requirement: ["INV-BOUND", "A64", "A65", "A66", "B101", "B102", "B105", "B108"],
  unit: "clients",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "Every client of a role that provokes a close (a reader that does not read: 1013) must have its first connection",
    "closed by the server with such a code, and be connected again after it: a server that never evicts it holds more",
    "and more for it (B101), one that drops it without the code does not tell it to back off (B108). Measured are the",
    "clients of whom this is not so, in the phase in which their first connection ended. The client learns of its",
    "eviction when it reads again, which is later than it happened: the servers' websocket_evictions_total has the",
    "moment. What the kernels and proxies held for such clients until then is in the ledger (bytesHeld). Not counted",
    "are those whose connection a fault ended, nor what the end of a run that was stopped early cut short.",
  ].join(" "),
  judge(record, phase, limit) {
    const fates = fatesIn(record, phase);
    const samples = fates.length;
    if (samples === 0) {
      return {
        status: "unknown",
        why: "no misbehaving client's first connection ended in this phase",
        samples,
      };
    }
    const unseen = fates.filter(({ close }) => close === undefined);
    if (unseen.length > 0) {
      const why = `the record does not say how ${plural(unseen.length, "misbehaving client")} ended`;
      return { status: "unknown", why, samples };
    }
    const wrong = fates.filter(isWrong);
    if (wrong.length <= limit) return { status: "met", measured: wrong.length, samples };
    return {
      status: "breached",
      measured: wrong.length,
      samples,
      why: `${show(wrong.length)} of ${plural(samples, "misbehaving client")} not closed as they should be, or not taken back`,
      counterexamples: wrong.map(evidence),
    };
  },
};
export default check;

function fatesIn(record: RunRecord, phase: Phase): Fate[] {
  const { plan, ledger } = record;
  const { fromMs, toMs } = messageSpan(record, phase);
  const fates: Fate[] = [];
  for (const event of ledger.connections) {
    if (event.what !== "connected" || fates.some(({ client }) => client === event.client)) continue;
    const role = roleOfClient(plan, event.client);
    if (!role || role.provokes.length === 0) continue;
    const own = ledger.connections.filter(({ client }) => client === event.client);
    const close = own.find((one) => one.what === "closed");
    const back =
      close !== undefined && own.some((one) => one.what === "connected" && one.attempt > close.attempt);
    fates.push({ client: event.client, role, connectedMs: event.atMs, close, back });
  }
  return fates.filter((fate) => {
    const atMs = fate.close?.atMs ?? Number.POSITIVE_INFINITY;
    const isIn = atMs >= fromMs && (atMs < toMs || toMs === Number.POSITIVE_INFINITY);
    return isIn && !(isWrong(fate) && isExcused(record, fate));
  });
}

function isWrong(fate: Fate): boolean {
  return !isEvicted(fate) || !fate.back;
}

/** Something else ended its connection, or the run had no time left for it. */
function isExcused(record: RunRecord, fate: Fate): boolean {
  const { close } = fate;
  if (!close) return false;
  if (!isEvicted(fate) && faultSpans(record).some((span) => explains(span, close))) return true;
  return record.ended.how !== "completed" && (isEvicted(fate) || close.atMs >= loadEndsMs(record));
}

function isEvicted({ close, role }: Fate): boolean {
  return close?.by === "peer" && close.code !== null && role.provokes.includes(close.code);
}

function evidence(fate: Fate): Counterexample {
  const { client, role, connectedMs, close } = fate;
  const server = close?.server ?? "an unknown server";
  const wanted = role.provokes.join(" or ");
  const got = close?.code === null ? "no close frame" : String(close?.code);
  const by = close?.by === "self" ? "left by itself" : "was closed";
  const what = isEvicted(fate)
    ? `closed with ${got} and never connected again`
    : `${by} with ${got} after ${show((close as Closed).atMs - connectedMs)} ms instead of being closed with ${wanted}`;
  return {
    text: `client ${client} (${role.name}) on ${server}: ${what}`,
    atMs: close?.atMs ?? connectedMs,
    client,
    server,
  };
}
