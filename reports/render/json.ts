import type { RunRecord } from "../record/run-record.ts";
import type { Report } from "../report.ts";
import { axisOf } from "./facts/axis.ts";
import { balanceOf } from "./facts/balance.ts";
import { closeTable } from "./facts/closes.ts";
import { faultStories } from "./facts/faults.ts";
import { generatorFacts, undecidedFacts } from "./facts/limits-of-sight.ts";
import { deliveryMatrix } from "./facts/matrix.ts";
import { reconnectCurves } from "./facts/reconnects.ts";
import { reproductionOf } from "./facts/reproduction.ts";
import { seriesOf } from "./facts/series.ts";
import { headlineOf } from "./headline.ts";
import { rounded } from "./numbers.ts";

/**
 * report.json, format 1: everything that report.html shows, for programs. Times are ms after the run's start.
 *
 * - `headline`: `{word, summary, because, example?, cut?}`, the verdict in words
 * - `overall`, `ended`, `plan`, `phases`, `judgements`, `about`: the report as judged
 * - `diagnoses[]`: `{mistake, summary, requirement, inProduction, remedy, rank, score, supports[], contradicts[]}`, the
 *   likeliest first, empty where nothing is breached; a clue is `{fact, weight, text, examples[]}`
 * - `faults[]`: `{number, window, atMs: {injecting?, injected?, observed?, …}, band?, details[]}`
 * - `series`: `{binMs: 1000, bins, lines: {deliveryMs[], sendsPerSecond[], …}}`; a line is `{name, values[]}` with
 *   one value for each second from the run's start, null where nothing was measured
 * - `closes[]`: `{code, by, counts[] by phase (the last one: outside), total, reason, reasons, silentMsMax}`
 * - `reconnects[]`, `balance`, `deliveryMatrix`, `generator[]`, `undecided[]`, `reproduction`
 *
 * One line for each key, so that two reports can be compared line by line. Infinite numbers become null.
 */
export function json(report: Report, record: RunRecord): string {
  const axis = axisOf(record, Number.POSITIVE_INFINITY);
  const entries: readonly (readonly [string, unknown])[] = [
    ["format", 1],
    ["overall", report.overall],
    ["headline", headlineOf(report, record)],
    ["ended", report.ended],
    ["startEpochMs", record.startEpochMs ?? null],
    ["durationMs", record.durationMs],
    ["plan", report.plan],
    ["phases", report.phases],
    ["judgements", report.judgements],
    ["diagnoses", report.diagnoses ?? []],
    ["about", report.about ?? {}],
    ["faults", faultStories(record)],
    ["series", { binMs: axis.binMs, bins: axis.bins, lines: seriesOf(record, axis) }],
    ["closes", closeTable(record, report.phases)],
    [
      "reconnects",
      reconnectCurves(record).map(({ fault, ...curve }) => ({ fault: fault.window.index, ...curve })),
    ],
    ["balance", balanceOf(record, report.phases)],
    ["deliveryMatrix", deliveryMatrix(record)],
    ["generator", generatorFacts(report, record)],
    ["undecided", undecidedFacts(report, record)],
    ["reproduction", reproductionOf(record, {})],
    ["torn", record.torn],
  ];
  const shorter = (_: string, value: unknown) => (typeof value === "number" ? rounded(value) : value);
  return `{\n${entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value, shorter)}`).join(",\n")}\n}\n`;
}
