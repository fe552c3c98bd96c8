import { type Content, type Markup, markup } from "../../reports/render/html/markup.ts";
import { mark } from "../../reports/render/html/slo-table.ts";
import { style } from "../../reports/render/html/style.ts";
import { facts, table } from "../../reports/render/html/table.ts";
import { plural } from "../../reports/render/numbers.ts";
import { exitOf, type HealthyRun, type Matrix, type ProvedDefect } from "./matrix.ts";

/**
 * matrix.html: one file without any outside reference, in the report's clothes. It lies beside the runs, and leads to
 * their reports. The same matrix gives the same bytes.
 */
export function matrixPage(matrix: Matrix): string {
  const { rows, healthy, totals } = matrix;
  const status = { 0: "met", 1: "breached" }[exitOf(matrix) as number] ?? "unknown";
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${totals.caught} of ${totals.defects} mistakes caught</title>
<style>${{ markup: style }}</style>
</head>
<body>
<header>
<div class="top"><span>Seaworthy · the defect matrix</span><span>seed ${matrix.seed}</span></div>
<div class="verdict ${status}">
<h1>${mark(status)} <b>${totals.caught} of ${totals.defects}</b> mistakes caught${totals.healthyRuns > 0 && `, ${plural(totals.alarms, "false alarm")} in ${plural(totals.healthyRuns, "healthy run")}`}</h1>
<p>${totals.namedFirst} named as the most likely mistake, ${totals.namedAmongThree} among the first three.</p>
${totals.missed + totals.unknown + totals.failed > 0 && markup`<p class="cut">${totals.missed} missed, ${totals.unknown} of which nobody could say, ${totals.failed} failed.</p>`}
</div>
${facts([
  ["mistakes switched on", `${totals.defects}, one at a time`],
  ["healthy runs", `${totals.healthyRuns}`],
  ["alarms in them", `${totals.alarms}`],
  ["healthy runs that could not say", `${totals.healthyUnknown}`],
])}
</header>
<main>
<h2 id="rows">Mistake by mistake</h2>
<p>Each is switched on alone, in a fresh system, and the check that must catch it has to turn red. <em>Named</em> is its
place among the likely mistakes that the run's report gives, found from the record alone. <em>Healthy</em> is the same
scenario with the same faults and nothing switched on.</p>
${table(
  "The defect matrix",
  [
    { head: "mistake" },
    { head: "row" },
    { head: "caught" },
    { head: "named" },
    { head: "healthy" },
    { head: "check that must catch it" },
    { head: "scenario and faults", wide: true },
    { head: "also red" },
  ],
  rows.map(rowOf),
)}
${rows.some(({ why }) => why !== undefined) && markup`<h2 id="open">What is not as it should be</h2>${rows.map(complaint)}`}
<h2 id="healthy">Healthy runs</h2>
${
  healthy.length === 0
    ? markup`<p class="quiet">None were made, so nothing is known of false alarms.</p>`
    : table(
        "Runs with nothing switched on",
        [
          { head: "scenario and faults", wide: true },
          { head: "verdict" },
          { head: "red, or why it could not say", wide: true },
          { head: "seed", numeric: true },
          { head: "run" },
        ],
        healthy.map(healthyRow),
      )
}
<h2 id="again">Run it again</h2>
<pre>npx seaworthy prove --fresh --seed ${matrix.seed}</pre>
</main>
<footer>Seaworthy · made of results.jsonl, beside this page.</footer>
</body>
</html>
`.markup;
}

const STATUS = { caught: "met", missed: "breached", unknown: "unknown", failed: "breached" } as const;

function rowOf(row: ProvedDefect): Content[] {
  return [
    link(row.run, row.defect),
    row.requirement.join(", "),
    markup`${mark(STATUS[row.outcome])} ${row.outcome}`,
    row.rank === null
      ? markup`<span class="quiet">${row.diagnosed[0] === undefined ? "nobody" : `no: ${row.diagnosed[0]}`}</span>`
      : ordinal(row.rank),
    row.healthy === null
      ? markup`<span class="quiet">not run</span>`
      : markup`${mark(row.healthy)} ${row.healthy}`,
    row.check,
    [row.scenario, ...row.faults].join(" "),
    row.otherBreached.join(", "),
  ];
}

function complaint({ defect, outcome, why, run, invalidRuns }: ProvedDefect): Content {
  return (
    why !== undefined &&
    markup`<p>${mark(STATUS[outcome])} <b>${link(run, defect)}</b> ${outcome}: ${why}${invalidRuns > 0 && markup` <span class="quiet">(${plural(invalidRuns, "run")} before it thrown away)</span>`}</p>`
  );
}

function healthyRow({ key, overall, breached, unknown, seed, run, ended }: HealthyRun): Content[] {
  const said = breached.length > 0 ? breached.join(", ") : overall === "unknown" ? unknown[0] : "";
  return [
    key,
    markup`${mark(overall)} ${overall}`,
    ended === "completed" ? (said ?? "") : `${ended}: ${said ?? ""}`,
    `${seed}`,
    link(run, "report"),
  ];
}

function link(run: string, text: string): Markup {
  return markup`<a href="${encodeURIComponent(run)}/report.html">${text}</a>`;
}

function ordinal(rank: number): string {
  return { 1: "first", 2: "second", 3: "third" }[rank] ?? `${rank}th`;
}
