import type { RunRecord } from "../../record/run-record.ts";
import type { Report } from "../../report.ts";
import { balanceOf } from "../facts/balance.ts";
import { codeName } from "../facts/client-series.ts";
import { closeTable, drops, serverOf } from "../facts/closes.ts";
import { deliveryMatrix } from "../facts/matrix.ts";
import { reconnectCurves } from "../facts/reconnects.ts";
import { showAt, showNumber, showSpan } from "../numbers.ts";
import { clip } from "../plain.ts";
import { type Content, type Markup, markup } from "./markup.ts";
import { table } from "./table.ts";

const DROPS_SHOWN = 25;

/** G17: closes by code, initiator and phase, then the drops one by one. */
export function closes(report: Report, record: RunRecord): Markup {
  const rows = closeTable(record, report.phases);
  if (rows.length === 0) return markup`<p>No connection was seen to close.</p>`;
  const outside = rows.some((row) => (row.counts.at(-1) ?? 0) > 0);
  const phases = [...report.phases.map(({ name }) => name), ...(outside ? ["outside"] : [])];
  const listed = drops(record);
  return markup`${table(
    "Closed connections by code, initiator and phase",
    [
      { head: "code and its usual reason" },
      { head: "ended by" },
      ...phases.map((head) => ({ head, numeric: true })),
      { head: "all", numeric: true },
      { head: "longest silence", numeric: true },
    ],
    rows.map((row) => [
      markup`${row.code}<small class="said">${row.reason === "" ? "no reason given" : clip(row.reason, 80)}${row.reasons > 1 && ` (and ${row.reasons - 1} more)`}</small>`,
      initiator(row.by),
      ...row.counts.slice(0, phases.length).map(orDash),
      showNumber(row.total),
      showSpan(row.silentMsMax),
    ]),
  )}
${
  listed.length > 0 &&
  markup`<details><summary>${listed.length > DROPS_SHOWN ? `The first ${DROPS_SHOWN} of ${listed.length} drops` : `All ${listed.length} drops`}, one by one</summary>
${table(
  "Connections that did not end by a normal leave of the client",
  [
    { head: "time" },
    { head: "client", numeric: true },
    { head: "attempt", numeric: true },
    { head: "server" },
    { head: "code", numeric: true },
    { head: "ended by" },
    { head: "last byte before", numeric: true },
    { head: "reason", wide: true },
  ],
  listed
    .slice(0, DROPS_SHOWN)
    .map((close) => [
      showAt(close.atMs),
      close.client,
      close.attempt,
      serverOf(close),
      codeName(close.code),
      initiator(close.by),
      showSpan(close.silentMs),
      clip(close.reason, 120),
    ]),
)}</details>`
}`;
}

function initiator(by: "self" | "peer" | "unknown"): string {
  return { self: "client", peer: "server side", unknown: "nobody said" }[by];
}

/** G18. */
export function reconnects(record: RunRecord): Markup {
  const curves = reconnectCurves(record);
  if (curves.length === 0) return markup`<p>No fault of this run dropped a client.</p>`;
  const back = (ms: number | undefined) => (ms === undefined ? "never" : showSpan(ms));
  return table(
    "How the dropped clients came back; times from the first drop",
    [
      { head: "fault" },
      { head: "first drop", numeric: true },
      { head: "dropped", numeric: true },
      { head: "back", numeric: true },
      { head: "50% back", numeric: true },
      { head: "95%", numeric: true },
      { head: "99%", numeric: true },
      { head: "attempts in the busiest second", numeric: true },
      { head: "first attempts within one second", numeric: true },
      { head: "attempts a client, mean · max", numeric: true },
    ],
    curves.map((curve) => [
      markup`<b class="number">${curve.fault.number}</b> ${curve.fault.name}`,
      showAt(curve.firstDropMs),
      curve.dropped,
      curve.back,
      back(curve.backAfterMs.p50),
      back(curve.backAfterMs.p95),
      back(curve.backAfterMs.p99),
      curve.attemptsPerSecondMax,
      `${showNumber(curve.firstAttemptShareMax * 100)}%`,
      `${showNumber(curve.attemptsPerClientMean)} · ${curve.attemptsPerClientMax}`,
    ]),
  );
}

/** G24 and G26. */
export function balance(report: Report, record: RunRecord): Markup {
  const { servers, ends } = balanceOf(record, report.phases);
  if (servers.length === 0) return markup`<p>No server was seen.</p>`;
  return table(
    "Connections at the end of each phase: as the clients know it, and (in brackets where it differs) as the server counts",
    [{ head: "server" }, ...ends.map(({ phase }) => ({ head: phase, numeric: true }))],
    [
      ...servers.map((name, at) => [
        name,
        ...ends.map(({ counts }): Content => {
          const count = counts[at];
          if (count === undefined) return "–";
          if (count.server === undefined) return `${count.clients} (no answer)`;
          return count.server === count.clients
            ? count.clients
            : markup`${count.clients} <b>(${count.server})</b>`;
        }),
      ]),
      [
        "fullest over mean",
        ...ends.map(({ maxOverMean }) => (maxOverMean === undefined ? "–" : showNumber(maxOverMean))),
      ],
    ],
  );
}

/** G20. */
export function matrix(record: RunRecord): Markup {
  const { servers, counts } = deliveryMatrix(record);
  if (servers.length === 0) return markup`<p>Nothing was delivered.</p>`;
  return table(
    "Deliveries from the server that took the SEND (row) to the server that delivered (column); a zero is a relay that does not reach, a dash means that nobody was there to be reached",
    [{ head: "from \\ to" }, ...servers.map((head) => ({ head, numeric: true }))],
    servers.map((name, row) => [
      name,
      ...servers.map((_, column): Content => {
        const count = counts[row]?.[column] ?? null;
        if (count === null) return "–";
        return count === 0 ? markup`<b class="bad-word">0</b>` : showNumber(count);
      }),
    ]),
  );
}

function orDash(count: number): Content {
  return count === 0 ? markup`<span class="quiet">–</span>` : count;
}
