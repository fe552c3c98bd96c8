import type { FaultStep, FaultWindow } from "../../../chaos/timeline.ts";
import { type Affected, affectedBy } from "../../affected.ts";
import type { RunRecord } from "../../record/run-record.ts";
import { faultSpans } from "../../windows.ts";
import { showAt, showSpan } from "../numbers.ts";
import { plain } from "../plain.ts";

/** What became of one planned fault: planned times in `window`, what really happened in `atMs` by step. */
export interface FaultStory {
  /** As people count: the first is 1. */
  readonly number: number;
  readonly window: FaultWindow;
  /** `kill server-2` */
  readonly name: string;
  readonly atMs: Readonly<Partial<Record<FaultStep, number>>>;
  /** What the steps said about themselves. */
  readonly details: readonly string[];
  /** Measured, not planned. Absent where it never came into force. */
  readonly affected?: Affected;
  /** In force from the first touch until its effect was gone, or to the end of the record. Absent: never begun. */
  readonly band?: { readonly fromMs: number; readonly toMs: number };
}

export function faultStories(record: RunRecord): readonly FaultStory[] {
  const spans = faultSpans(record);
  return record.plan.timeline.map((window) => {
    const events = record.history.filter((event) => event.kind === "fault" && event.index === window.index);
    const atMs: Partial<Record<FaultStep, number>> = {};
    const details: string[] = [];
    for (const event of events) {
      if (event.kind !== "fault") continue;
      atMs[event.step] ??= event.atMs;
      if (event.detail !== undefined) details.push(`${event.step}: ${plain(event.detail)}`);
    }
    const fromMs = atMs.injecting ?? atMs.injected;
    const span = spans.find((one) => one.window.index === window.index);
    return {
      number: window.index + 1,
      window,
      name: `${window.fault} ${window.target}`,
      atMs,
      details,
      ...(span && atMs.injected !== undefined ? { affected: affectedBy(record, span) } : {}),
      ...(fromMs === undefined || (atMs.failed !== undefined && atMs.injected === undefined)
        ? {}
        : { band: { fromMs, toMs: Math.max(fromMs, atMs.healed ?? record.durationMs) } }),
    };
  });
}

/** One sentence: `injected at 12.00 s, effect seen after 80 ms; healed at 15.31 s`. */
export function tellFault(story: FaultStory): string {
  const { atMs, window, affected } = story;
  const begun = atMs.injected ?? atMs.injecting;
  if (atMs.failed !== undefined) return `could not be injected at ${showAt(atMs.failed)}`;
  if (atMs["never-due"] !== undefined) {
    const why = story.details.find((detail) => detail.startsWith("never-due: "))?.slice("never-due: ".length);
    return `NEVER HAPPENED by ${showAt(atMs["never-due"])}: ${why ?? "its condition did not come true"}`;
  }
  if (begun === undefined)
    return `never injected: the run ended ${window.when && atMs.due === undefined ? "before its condition came true" : "first"}`;
  const effect =
    atMs.observed !== undefined
      ? `effect seen after ${showSpan(Math.max(0, atMs.observed - begun))}`
      : atMs["not-observed"] !== undefined
        ? "NO EFFECT SEEN"
        : "effect not looked for: the run ended first";
  const end =
    atMs.healed !== undefined
      ? `healed at ${showAt(atMs.healed)}`
      : atMs["not-healed"] !== undefined
        ? "NOT HEALED"
        : "not healed before the record ends";
  return `injected at ${showAt(begun)}, ${effect}; ${end}${affected ? tellAffected(affected) : ""}`;
}

function tellAffected({ all, there, ended }: Affected): string {
  return all === 0 ? "" : `; ended ${ended} of its ${there} connections (${all} in all)`;
}

/** `{ latencyMs: 80, stream: "both" }` as `latencyMs=80 stream=both`. */
export function tellParams(params: FaultWindow["params"]): string {
  return Object.entries(params)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}
