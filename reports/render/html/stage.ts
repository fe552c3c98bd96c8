import type { RunRecord } from "../../record/run-record.ts";
import type { Report } from "../../report.ts";
import type { Phase } from "../../windows.ts";
import { type Axis, axisOf } from "../facts/axis.ts";
import { type FaultStory, faultStories } from "../facts/faults.ts";

/** What all charts share, so that one time is one place on the page. */
export interface Stage {
  readonly axis: Axis;
  readonly phases: readonly Phase[];
  readonly faults: readonly FaultStory[];
}

/** More columns than this cannot be told apart on a screen. */
const BINS_MAX = 150;

export function stageOf(report: Report, record: RunRecord): Stage {
  return { axis: axisOf(record, BINS_MAX), phases: report.phases, faults: faultStories(record) };
}

/** Per cent of the axis, two decimals. */
export function leftOf(axis: Axis, atMs: number): number {
  return Math.round(Math.min(1, Math.max(0, atMs / axis.toMs)) * 10_000) / 100;
}
