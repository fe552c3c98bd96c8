import type { RunRecord } from "../record/run-record.ts";
import type { Report } from "../report.ts";
import { faultStories } from "./facts/faults.ts";
import { happenings } from "./facts/happenings.ts";
import { type Fact, generatorFacts, undecidedFacts } from "./facts/limits-of-sight.ts";
import { type Place, reproductionOf, tellTarget } from "./facts/reproduction.ts";
import { headlineOf } from "./headline.ts";
import { causes } from "./html/causes.ts";
import { charts } from "./html/charts.ts";
import { balance, closes, matrix, reconnects } from "./html/connections.ts";
import { evidence } from "./html/evidence.ts";
import { faultTimeline } from "./html/fault-timeline.ts";
import { type Markup, markup } from "./html/markup.ts";
import { script, scriptHash } from "./html/script.ts";
import { mark, sloTable } from "./html/slo-table.ts";
import { stageOf } from "./html/stage.ts";
import { style } from "./html/style.ts";
import { facts, table } from "./html/table.ts";
import { showAt, showNumber, showSpan } from "./numbers.ts";

/**
 * report.html: one file without any outside reference, readable without its script. The first screen is the
 * verdict, the most likely mistake, what was run, and check by phase; below it the evidence (G16 to G31). The same report and record give
 * the same bytes. Everything that came from outside is escaped, and the page's policy lets no other script run.
 */
export function html(report: Report, record: RunRecord, place: Place = {}): string {
  const stage = stageOf(report, record);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src '${{ markup: scriptHash }}'; base-uri 'none'; form-action 'none'">
<title>${title(report)}</title>
<style>${{ markup: style }}</style>
</head>
<body>
${header(report, record)}
<main>
<h2 id="slo">Checks by phase</h2>
${sloTable(report)}
${footnotes(report)}
<h2 id="evidence">Evidence</h2>
${evidence(report, stage)}
<h2 id="faults">Faults</h2>
${faultTimeline(stage)}
<h2 id="charts">What it looked like</h2>
${charts(report, record, stage)}
<h2 id="connections">Connections</h2>
<h3>Who was dropped, and how</h3>
${closes(report, record)}
<h3>How they came back</h3>
${reconnects(record)}
<h3>Where they were</h3>
${balance(report, record)}
<h3>Whom they reached</h3>
${matrix(record)}
<h2 id="sight">What this run could not see</h2>
<h3>The generator, judged first</h3>
${factTable("The load generator's own behaviour", generatorFacts(report, record))}
<h3>Undecided</h3>
${factTable("Counted, not guessed", undecidedFacts(report, record))}
<h2 id="log">What happened</h2>
${log(record)}
<h2 id="again">Run it again</h2>
${again(record, place)}
</main>
<footer>Seaworthy · written from the record of the run alone; the same record gives the same page.</footer>
<script>${{ markup: script }}</script>
</body>
</html>
`.markup;
}

const SECTIONS = [
  ["slo", "checks"],
  ["evidence", "evidence"],
  ["faults", "faults"],
  ["charts", "charts"],
  ["connections", "connections"],
  ["sight", "what it could not see"],
  ["log", "log"],
  ["again", "run it again"],
] as const;

function title(report: Report): string {
  return `${report.overall}: ${report.plan.scenario.name}, seed ${report.plan.seed}`;
}

function header(report: Report, record: RunRecord): Markup {
  const { plan } = report;
  const headline = headlineOf(report, record);
  const faults = faultStories(record);
  return markup`<header>
<div class="top"><span>Seaworthy · ${plan.scenario.name}</span><span>${
    record.startEpochMs === undefined
      ? "never started"
      : `${new Date(record.startEpochMs).toISOString().slice(0, 19).replace("T", " ")} UTC`
  }</span></div>
<div class="verdict ${report.overall}">
<h1>${mark(report.overall)} <b>${headline.word}</b>: ${headline.summary}</h1>
${headline.cut !== undefined && markup`<p class="cut">${headline.cut}</p>`}
<p>${headline.because}</p>
${headline.example !== undefined && markup`<p class="example">For example: ${headline.example}</p>`}
</div>
${causes(report)}
${facts([
  ["scenario", plan.scenario.name],
  ["clients", showNumber(plan.clients)],
  ["duration", showSpan(record.durationMs)],
  ["seed", `${plan.seed}`],
  ["target", tellTarget(plan.target)],
  ...(plan.clientDefects.length > 0 ? [["client defects", plan.clientDefects.join(", ")] as const] : []),
  [
    "faults",
    faults.length === 0 ? "none" : faults.map(({ number, name }) => `${number} ${name}`).join(" · "),
  ],
  ...(plan.timeScale === 1 ? [] : [["time scale", `${plan.timeScale}`] as const]),
])}
<nav aria-label="Sections">${SECTIONS.map(([id, name]) => markup`<a href="#${id}">${name}</a> `)}</nav>
</header>`;
}

/** What each check asks and where its numbers come from, when the report carries it. */
function footnotes(report: Report): Markup {
  const about = Object.entries(report.about ?? {});
  return about.length === 0
    ? markup``
    : markup`<details><summary>What each check asks, and where its limit comes from</summary>${table(
        "Checks",
        [{ head: "check" }, { head: "requirement" }, { head: "what it asks", wide: true }],
        about.map(([name, check]) => [
          name,
          check.requirement.join(", "),
          markup`${check.summary}<br><small>${check.explain}</small>`,
        ]),
      )}</details>`;
}

function factTable(caption: string, rows: readonly Fact[]): Markup {
  return table(
    caption,
    [{ head: "what" }, { head: "value" }, { head: "what it means", wide: true }],
    rows.map(({ what, value, meaning }) => [what, value, meaning]),
  );
}

const LOG_LINES_MAX = 200;

function log(record: RunRecord): Markup {
  const all = happenings(record);
  const alarming = all.filter((one) => one.alarming);
  return markup`${alarming.length === 0 && record.ended.how === "completed" && markup`<p>Nothing happened that the plan did not ask for.</p>`}${alarming.map(
    ({ atMs, what, lastLines }) =>
      markup`<p>${mark("breached")} <b>${showAt(atMs)}</b> ${what}</p>${lastLines !== undefined && lastLines.length > 0 && markup`<pre>${lastLines.join("\n")}</pre>`}`,
  )}
<details><summary>${all.length > LOG_LINES_MAX ? `The first ${LOG_LINES_MAX} of ${all.length} events` : `All ${all.length} events`}</summary>
${table(
  "history of the run",
  [
    { head: "time", numeric: true },
    { head: "event", wide: true },
  ],
  all.slice(0, LOG_LINES_MAX).map(({ atMs, what }) => [showAt(atMs), what]),
)}</details>`;
}

function again(record: RunRecord, place: Place): Markup {
  const { commands, facts: pairs, versions } = reproductionOf(record, place);
  return markup`${commands.map(({ command, what }) => markup`<p>${what}</p><pre>${command}</pre>`)}
${place.dir === undefined && markup`<p class="quiet"><code>&lt;id&gt;</code> is the name of the folder that this report was written into.</p>`}
${facts(pairs)}
<h3>Versions</h3>
${versions.length === 0 ? markup`<p class="quiet">The run did not come far enough to ask for them.</p>` : facts(versions)}`;
}
