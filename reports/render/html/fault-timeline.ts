import { type FaultStory, tellFault, tellParams } from "../facts/faults.ts";
import { showAt, showSpan } from "../numbers.ts";
import { type Content, type Markup, markup } from "./markup.ts";
import { leftOf, type Stage } from "./stage.ts";
import { table } from "./table.ts";

/** Every planned fault: when it was in force, and the proof that it had its effect and was gone again. */
export function faultTimeline(stage: Stage): Markup {
  if (stage.faults.length === 0) return markup`<p>The plan had no fault: this run shows load only.</p>`;
  return table(
    "Planned faults and their verified effect",
    [
      { head: "fault" },
      { head: "in force", wide: true },
      { head: "planned", numeric: true },
      { head: "injected at", numeric: true },
      { head: "effect seen after", numeric: true },
      { head: "undone at", numeric: true },
      { head: "gone again after", numeric: true },
    ],
    stage.faults.map((story) => [
      markup`<b class="number">${story.number}</b> ${story.name}<small>${tellParams(story.window.params)}</small>`,
      bar(story, stage),
      `${story.window.when ? "after its condition " : ""}${showAt(story.window.fromMs)} – ${showAt(story.window.toMs)}`,
      at(story.atMs.injected ?? story.atMs.injecting, story.atMs.failed !== undefined ? "failed" : "never"),
      after(story.atMs.injected ?? story.atMs.injecting, story.atMs.observed, story.atMs["not-observed"]),
      at(story.atMs.healing ?? story.atMs.healed, "never"),
      after(story.atMs.healing, story.atMs.healed, story.atMs["not-healed"]),
    ]),
  );
}

/** Striped until the effect was seen, solid while it lasted; the axis is the charts'. */
function bar({ band, atMs }: FaultStory, { axis }: Stage): Content {
  if (band === undefined) return "not in force at any time";
  const left = leftOf(axis, band.fromMs);
  const right = leftOf(axis, band.toMs);
  const seen = atMs.observed === undefined ? right : leftOf(axis, atMs.observed);
  const percent = (value: number) => `${Math.round(value * 100) / 100}%`;
  return markup`<span class="bar"><s style="left:${percent(left)};width:${percent(seen - left)}"></s><i style="left:${percent(seen)};width:${percent(right - seen)}"></i></span>`;
}

function at(atMs: number | undefined, otherwise: string): Content {
  return atMs === undefined ? markup`<b class="bad-word">${otherwise}</b>` : showAt(atMs);
}

function after(fromMs: number | undefined, toMs: number | undefined, notMs: number | undefined): Content {
  if (toMs !== undefined) return showSpan(Math.max(0, toMs - (fromMs ?? toMs)));
  return notMs === undefined
    ? "–"
    : markup`<b class="bad-word">never, looked for ${showSpan(Math.max(0, notMs - (fromMs ?? notMs)))}</b>`;
}

/** The same in one sentence each, for those who read. */
export function faultSentences(stage: Stage): readonly string[] {
  return stage.faults.map((story) => `${story.number} ${story.name}: ${tellFault(story)}`);
}
