import type { ConnectionEvent } from "../../scenarios/model/telemetry.ts";
import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import { tellBalancer } from "../record/balancer.ts";
import type { RunRecord } from "../record/run-record.ts";
import { serverOfEndpoint } from "../whereabouts.ts";
import { loadEndsMs, messageSpan } from "../windows.ts";

type Failed = Extract<ConnectionEvent, { what: "failed" }>;

const EVIDENCE = 10;

/** What it means when a handshake is answered with it instead of 101. */
const meanings: Readonly<Record<string, string>> = {
  "400": "what arrived at the server was no WebSocket handshake any more",
  "403": "the Origin is not allowed",
  "426": "the server saw a plain GET: something on the way strips Upgrade and Connection",
  "429": "too many handshakes from one address: behind a proxy that is the proxy's own, unless it is trusted",
  "502": "the proxy found nobody behind it: a dead backend is still in its list",
  "503": "the proxy had no server to give it to, or it or the server is full",
  "504": "the proxy waited in vain for a server's answer",
  "505": "the server was spoken to in HTTP/1.0: the proxy's own version towards it must be 1.1",
};

const check: Check = {
  name: "handshakes",
  summary: "clients get in: their handshakes are answered with 101 and CONNECTED",
  requirement: ["D13", "F22", "B179", "B180", "B183"],
  unit: "%",
  limits: { baseline: 1 },
  explain: [
    "The share of attempts to connect that failed before CONNECTED, whatever the reason: refused, cut, answered with a",
    "status other than 101, or not answered at all. Above 1 % is an alarm (D13). The first phase counts from the start,",
    "since that is when clients come. Not judged during faults, which may well refuse clients, nor after them, when",
    "recovery-time says whether they come back; attempts that the end of the run cut short do not count. The native",
    "engine tells the status of a refusal; k6 only that there was one.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = messageSpan(record, phase);
    const untilMs = Math.min(toMs, loadEndsMs(record));
    const within = record.ledger.connections.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
    const failed = within.filter((event) => event.what === "failed");
    const attempts = failed.length + within.filter(({ what }) => what === "connected").length;
    if (attempts === 0)
      return { status: "unknown", why: "nobody tried to connect in this phase", samples: 0 };
    const measured = Math.round((1_000 * failed.length) / attempts) / 10;
    if (measured <= limit) return { status: "met", measured, samples: attempts };
    return {
      status: "breached",
      measured,
      samples: attempts,
      why: `${show(failed.length)} of ${plural(attempts, "handshake")} failed (${show(measured)} %)${through(record)}: ${byReason(failed)}`,
      counterexamples: failed.slice(0, EVIDENCE).map(({ client, atMs, endpoint, reason }) => ({
        text: `client ${client} at ${serverOfEndpoint(endpoint)}: ${reason}`,
        atMs,
        client,
      })),
    };
  },
};
export default check;

/** The proxy is named as what it is: a possible culprit (F22). */
function through({ plan }: RunRecord): string {
  const balancer = plan.target.kind === "reference" ? plan.target.balancer : undefined;
  return balancer ? ` through ${tellBalancer({ ...balancer, defects: [] })}` : "";
}

function byReason(failed: readonly Failed[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of failed) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => {
      const meaning = meanings[/status (\d{3})/.exec(reason)?.[1] ?? ""];
      return `${show(count)} × ${reason}${meaning ? ` (${meaning})` : ""}`;
    })
    .join("; ");
}
