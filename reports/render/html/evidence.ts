import type { Report } from "../../report.ts";
import type { Counterexample } from "../../verdict.ts";
import { plural, showAt, showMeasured } from "../numbers.ts";
import { worstFirst } from "../order.ts";
import { type Content, type Markup, markup } from "./markup.ts";
import { mark } from "./slo-table.ts";
import type { Stage } from "./stage.ts";
import { table } from "./table.ts";

/** What each breach rests on: ids that find it again in the record. */
export function evidence(report: Report, stage: Stage): Markup {
  const breaches = worstFirst(report).filter(({ verdict }) => verdict.status === "breached");
  if (breaches.length === 0) {
    return markup`<p>Nothing was found over its limit, so there is nothing to show for it.</p>`;
  }
  return markup`${breaches.map(({ check, phase, limit, unit, verdict }) => {
    if (verdict.status !== "breached") return "";
    return markup`<h3 id="${anchor(check, phase)}">${mark("breached")} ${check}, ${phase}</h3>
<p><b>${showMeasured(verdict.measured, unit)}</b>, limit ${showMeasured(limit, unit)}, ${plural(verdict.samples, "sample")}. ${verdict.why}</p>
${verdict.counterexamples.length === 0 ? markup`<p class="quiet">No single case was named.</p>` : cases(verdict.counterexamples, check, stage)}`;
  })}`;
}

/** Only the columns that have something to say. */
function cases(examples: readonly Counterexample[], check: string, stage: Stage): Markup {
  const fault = (index: number) => {
    const story = stage.faults.find(({ window }) => window.index === index);
    return story === undefined ? `fault ${index + 1}` : `${story.number} ${story.name}`;
  };
  const columns: readonly {
    readonly head: string;
    readonly wide?: boolean;
    of(one: Counterexample): Content;
  }[] = [
    { head: "time", of: ({ atMs }) => atMs !== undefined && showAt(atMs) },
    { head: "what happened", wide: true, of: ({ text }) => text },
    { head: "message", of: ({ message }) => message !== undefined && markup`<code>${message}</code>` },
    { head: "client", of: ({ client }) => client },
    { head: "server", of: ({ server }) => server },
    { head: "fault in force", of: (one) => one.fault !== undefined && fault(one.fault) },
  ];
  const shown = columns.filter(({ of }) =>
    examples.some((one) => of(one) !== undefined && of(one) !== false),
  );
  return table(
    `Counterexamples of ${check}`,
    shown.map(({ head, wide }) => ({ head, ...(wide ? { wide } : {}) })),
    examples.map((one) => shown.map(({ of }) => of(one) ?? "")),
  );
}

/** `no-lost-message--during-kill-server-2` */
export function anchor(check: string, phase: string): string {
  return `${check}--${phase}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
