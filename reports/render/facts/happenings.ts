import type { HistoryEvent } from "../../record/history.ts";
import type { RunRecord } from "../../record/run-record.ts";
import { plain } from "../plain.ts";
import { faultStories } from "./faults.ts";

/** One line of the run's own log, in words. */
export interface Happening {
  readonly atMs: number;
  readonly what: string;
  /** Something that nobody planned. */
  readonly alarming: boolean;
  readonly lastLines?: readonly string[];
}

export function happenings(record: RunRecord): readonly Happening[] {
  const names = new Map(
    faultStories(record).map((story) => [story.window.index, `fault ${story.number} ${story.name}`]),
  );
  return record.history.map((event) => tell(event, names));
}

function tell(event: HistoryEvent, faults: ReadonlyMap<number, string>): Happening {
  const { atMs } = event;
  switch (event.kind) {
    case "run":
      return {
        atMs,
        what: `run: ${event.what}${event.ended === undefined ? "" : ` (${event.ended.how})`}${detail(event.detail)}`,
        alarming: event.ended !== undefined && event.ended.how !== "completed",
      };
    case "process": {
      const how =
        event.what !== "exited"
          ? event.pid === undefined
            ? ""
            : `, pid ${event.pid}`
          : event.signal != null
            ? ` by ${event.signal}`
            : ` with code ${event.code ?? "unknown"}`;
      const alarming = event.what === "exited" && event.expected !== true;
      return {
        atMs,
        what: `${plain(event.name)} ${event.what}${how}${alarming ? ", which nobody asked for" : ""}`,
        alarming,
        ...(alarming && event.lastLines !== undefined ? { lastLines: event.lastLines } : {}),
      };
    }
    case "fault":
      return {
        atMs,
        what: `${faults.get(event.index) ?? `fault ${event.index + 1}`}: ${event.step.replace("-", " ")}${detail(event.detail)}`,
        alarming: event.step === "failed" || event.step === "not-observed" || event.step === "not-healed",
      };
    case "load":
      return { atMs, what: `load: ${event.what}${detail(event.detail)}`, alarming: event.what === "lost" };
    case "steady-state": {
      const silent = Object.entries(event.answers).flatMap(([name, ok]) => (ok ? [] : [plain(name)]));
      return {
        atMs,
        what: event.ok
          ? `steady state: all ${Object.keys(event.answers).length} answered`
          : `steady state: no answer from ${silent.join(", ")}`,
        alarming: !event.ok,
      };
    }
  }
}

function detail(text: string | undefined): string {
  return text === undefined ? "" : `: ${plain(text)}`;
}
