import type { RunRecord } from "../record/run-record.ts";
import type { Report } from "../report.ts";
import { plural, showAt, showMeasured } from "./numbers.ts";
import { worstFirst } from "./order.ts";
import { plain } from "./plain.ts";

/** The verdict in words. Every renderer says the same. */
export interface Headline {
  readonly word: "Met" | "Breached" | "Unknown";
  /** `3 of 41 checks over their limit, 2 unknown` */
  readonly summary: string;
  /** The single most important sentence of evidence; on a met run what held. */
  readonly because: string;
  /** One counterexample, where there is one. */
  readonly example?: string;
  /** Set when the run did not come to its end by itself. */
  readonly cut?: string;
}

export function headlineOf(report: Report, record: RunRecord): Headline {
  const of = (status: string) => report.judgements.filter(({ verdict }) => verdict.status === status).length;
  const total = report.judgements.length;
  const [breached, unknown] = [of("breached"), of("unknown")];
  const cut = cutShort(report, record);
  const common = cut === undefined ? {} : { cut };
  const worst = worstFirst(report)[0];
  if (worst === undefined) {
    return {
      word: "Unknown",
      summary: "nothing was judged",
      because: "A run without a judgement proves nothing.",
      ...common,
    };
  }
  if (report.overall === "met") {
    const judged = new Set(report.judgements.map(({ phase }) => phase)).size;
    return {
      word: "Met",
      summary: `${plural(total, "check")} held in ${plural(judged, "phase")}`,
      because: closest(report),
      ...common,
    };
  }
  const { verdict } = worst;
  const example = verdict.status === "breached" ? verdict.counterexamples[0]?.text : undefined;
  const over = `${breached} of ${plural(total, "check")} over ${breached === 1 ? "its" : "their"} limit`;
  return {
    word: report.overall === "breached" ? "Breached" : "Unknown",
    summary:
      breached === 0
        ? `${unknown} of ${plural(total, "check")} could not be judged`
        : unknown === 0
          ? over
          : `${over}, ${unknown} could not be judged`,
    because: `${worst.check}, ${plain(worst.phase)}: ${verdict.status === "met" ? "met" : plain(verdict.why)}`,
    ...(example === undefined ? {} : { example: plain(example) }),
    ...common,
  };
}

/** What came nearest to its limit, so that a green run says how green. */
function closest(report: Report): string {
  const ranked = worstFirst(report).filter(({ limit }) => limit > 0);
  const nearest = ranked.reduce<(typeof ranked)[number] | undefined>(
    (best, next) => (best === undefined || ratio(next) > ratio(best) ? next : best),
    undefined,
  );
  if (nearest?.verdict.measured === undefined) return "Nothing was over its limit.";
  const { check, phase, limit, unit, verdict } = nearest;
  return `Nearest to its limit: ${check}, ${plain(phase)}, ${showMeasured(verdict.measured as number, unit)} of ${showMeasured(limit, unit)}.`;
}

function ratio(judgement: Report["judgements"][number]): number {
  return (judgement.verdict.measured ?? 0) / judgement.limit;
}

function cutShort(report: Report, record: RunRecord): string | undefined {
  const { ended } = report;
  const when = showAt(record.durationMs);
  const missing =
    record.torn.length === 0 ? "" : ` Missing: ${record.torn.map((line) => plain(line)).join("; ")}`;
  switch (ended.how) {
    case "completed":
      return record.torn.length === 0 ? undefined : `The record is not whole.${missing}`;
    case "interrupted":
      return `Interrupted by ${plain(ended.by)} at ${when}; judged on what there is.${missing}`;
    case "aborted":
      return `Ended early at ${when}: ${plain(ended.check)} (${plain(ended.phase)}) was breached beyond doubt.${missing}`;
    case "failed":
      return `Failed at ${when} with ${plain(ended.code)}: ${plain(ended.message)}${ended.hint === undefined ? "" : `. Hint: ${plain(ended.hint)}`}${missing}`;
    case "torn":
      return `The harness itself died: the record stops at ${when}.${missing}`;
  }
}
