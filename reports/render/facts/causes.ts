import type { Diagnosis } from "../../diagnosis.ts";
import type { Report } from "../../report.ts";

/** More than three are no answer to "what is it?". */
const SHOWN = 3;
/** A candidate with less than this share of the best one's score is not worth a reader's time. */
const WORTH = 0.34;

/** What a report says of the cause. Absent where nobody asked, or where nothing is breached. */
export interface Causes {
  /** The most likely first; empty where no known mistake explains what is breached. */
  readonly likely: readonly Diagnosis[];
}

export function causesOf(report: Report): Causes | undefined {
  if (report.diagnoses === undefined || report.overall !== "breached") return undefined;
  const best = report.diagnoses[0]?.score ?? 0;
  return { likely: report.diagnoses.filter(({ score }) => score >= WORTH * best).slice(0, SHOWN) };
}

/** Said where no known mistake explains what is breached. */
export const NOBODY = "None of the known mistakes explains this: what is breached is all there is to go by.";
