import type { ConnectionEvent } from "../../scenarios/model/telemetry.ts";
import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import { roleOfClient } from "../record/plan.ts";
import type { RunRecord } from "../record/run-record.ts";
import { unheard } from "../unheard.ts";
import { serverOfEndpoint } from "../whereabouts.ts";
import type { Phase } from "../windows.ts";

const GAUGE = "websocket_connections_active";
/** A client and its server learn of a connection at different times, and a sample is up to 0.8 s old. */
const SETTLE_MS = 2_000;

/** One connection as its client saw it. */
interface Held {
  /** Undefined where a balancer chose and nobody said whom. */
  readonly server: string | undefined;
  /** It surely was there in between. */
  readonly surely: readonly [fromMs: number, toMs: number] | undefined;
  /** Before and after that it surely was not. */
  readonly perhaps: readonly [fromMs: number, toMs: number];
}

/** How many connections more (or fewer) than its clients hold a server says that it has. */
interface Difference {
  readonly server: string;
  readonly atMs: number;
  readonly gauge: number;
  readonly held: number;
  readonly by: number;
}

const check: Check = {
  name: "connection-gauge",
  summary: "the servers count as many connections as their clients hold",
  requirement: ["INV-METRIC", "D41", "B11", "B205"],
  unit: "connections",
  limits: { baseline: 0, recovery: 0, final: 0 },
  explain: [
    `Each server's own ${GAUGE}, once a second, beside the ledger: at least the connections that were there 2 s before`,
    "and 2 s after, at most those that were there at any time in between, with those of the probe. Two samples in a row",
    "must agree on it. Measured is the largest difference of a server. Not counted are clients that do not read, who",
    "learn late of their end. That a server counts too many is not judged where examiners have connections of their",
    "own or the system is not ours alone, nor from the first fault on the clients' links on, when a server may hold what nobody told it the end of.",
  ].join(" "),
  judge(record, phase, limit) {
    const { differences, samples } = differencesIn(record, phase);
    if (samples === 0) {
      return { status: "unknown", why: `no server that clients know reported ${GAUGE}`, samples };
    }
    const measured = Math.max(0, ...differences.map(({ by }) => Math.abs(by)));
    if (measured <= limit) {
      const silent = unheard(record, phase);
      return silent ? { ...silent, samples, measured } : { status: "met", measured, samples };
    }
    const worst = differences.find(({ by }) => Math.abs(by) === measured) as Difference;
    return {
      status: "breached",
      measured,
      samples,
      why: `${worst.server} says that it has ${plural(worst.gauge, "connection")}, and its clients hold ${worst.by > 0 ? "at most" : "at least"} ${show(worst.held)}`,
      counterexamples: differences.map(({ server, atMs, gauge, held, by }) => ({
        text: `${server}: ${show(gauge)} in the gauge, ${by > 0 ? "at most" : "at least"} ${show(held)} in the ledger`,
        atMs,
        server,
      })),
    };
  },
};
export default check;

function differencesIn(record: RunRecord, phase: Phase): { differences: Difference[]; samples: number } {
  const connections = heldIn(record);
  const known = new Set(connections.map(({ server }) => server));
  const before = new Map<string, Difference | undefined>();
  const differences: Difference[] = [];
  let samples = 0;
  for (const { server, atMs, up, series } of record.samples.servers) {
    if (atMs <= phase.fromMs || atMs > phase.toMs || !known.has(server)) continue;
    const gauge = up ? series[GAUGE] : undefined;
    if (gauge === undefined) {
      before.delete(server);
      continue;
    }
    samples += 1;
    const found = difference(record, connections, { server, atMs, gauge });
    const last = before.get(server);
    before.set(server, found);
    // Once may be a moment in which much changed.
    if (found && last && Math.sign(found.by) === Math.sign(last.by)) {
      differences.push(Math.abs(found.by) < Math.abs(last.by) ? found : last);
    }
  }
  return { differences, samples };
}

function difference(
  record: RunRecord,
  connections: readonly Held[],
  { server, atMs, gauge }: Pick<Difference, "server" | "atMs" | "gauge">,
): Difference | undefined {
  const least = connections.filter(
    (held) => held.server === server && held.surely && held.surely[0] <= atMs && atMs <= held.surely[1],
  ).length;
  if (gauge < least) return { server, atMs, gauge, held: least, by: gauge - least };
  if (!knowsAll(record, atMs)) return undefined;
  const most =
    connections.filter(
      (held) => (held.server ?? server) === server && held.perhaps[0] <= atMs && atMs <= held.perhaps[1],
    ).length + (record.plan.probe?.subscriptions ?? 0);
  return gauge > most ? { server, atMs, gauge, held: most, by: gauge - most } : undefined;
}

/** Has the ledger every connection that a server can have? */
function knowsAll({ plan, history }: RunRecord, atMs: number): boolean {
  if (plan.target.kind === "external" || plan.roles.some(({ asks }) => asks !== undefined)) return false;
  return !history.some(
    (event) =>
      event.kind === "fault" &&
      event.step === "injecting" &&
      event.target.endsWith("/clients") &&
      event.atMs <= atMs,
  );
}

function heldIn({ plan, ledger }: RunRecord): Held[] {
  const attempts = Map.groupBy(
    ledger.connections.filter(({ what }) => what !== "subscribed"),
    ({ client, attempt }) => `${client}/${attempt}`,
  );
  return [...attempts.values()].flatMap((events) => {
    const of = <What extends ConnectionEvent["what"]>(what: What) =>
      events.find((event) => event.what === what) as Extract<ConnectionEvent, { what: What }> | undefined;
    const [due, connected, closed, failed] = [of("due"), of("connected"), of("closed"), of("failed")];
    const first = due ?? connected;
    if (first === undefined) return [];
    const dialled = first.endpoint < 0 ? undefined : serverOfEndpoint(first.endpoint);
    const server = connected?.server ?? dialled;
    const endMs = closed?.atMs ?? failed?.atMs ?? Number.POSITIVE_INFINITY;
    const reads = (roleOfClient(plan, first.client)?.provokes.length ?? 0) === 0;
    return [
      {
        server,
        surely: connected && reads ? [connected.atMs + SETTLE_MS, endMs - SETTLE_MS] : undefined,
        perhaps: [first.atMs - SETTLE_MS, endMs + SETTLE_MS],
      } satisfies Held,
    ];
  });
}
