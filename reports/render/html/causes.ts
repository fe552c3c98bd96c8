import type { Clue, Diagnosis } from "../../diagnosis.ts";
import type { Report } from "../../report.ts";
import { causesOf, NOBODY } from "../facts/causes.ts";
import { type Content, type Markup, markup } from "./markup.ts";

/** What each one shows at once; the rest is in its details. */
const AT_ONCE = 2;

/** On the first screen of a red run: what it most likely is, why, what speaks against it, and what to do. */
export function causes(report: Report): Markup {
  const found = causesOf(report);
  if (found === undefined) return markup``;
  if (found.likely.length === 0) {
    return markup`<section class="causes"><h2 id="causes">Most likely mistake</h2><p>${NOBODY}</p></section>`;
  }
  return markup`<section class="causes"><h2 id="causes">Most likely mistake${found.likely.length > 1 && "s"}</h2>
<ol>${found.likely.map(cause)}</ol></section>`;
}

function cause({ mistake, summary, supports, contradicts, remedy, requirement }: Diagnosis): Markup {
  const rest = [
    ...supports.slice(AT_ONCE).map((clue) => line("for it", clue)),
    ...contradicts.slice(1).map((clue) => line("against it", clue)),
  ];
  return markup`<li><b>${mistake}</b> <small>${requirement.join(", ")}</small>: ${summary}
<dl>${supports.slice(0, AT_ONCE).map((clue) => line("for it", clue))}${
    contradicts[0] === undefined
      ? markup`<div><dt>against it</dt><dd class="quiet">nothing that was looked for</dd></div>`
      : line("against it", contradicts[0])
  }<div class="remedy"><dt>remedy</dt><dd>${remedy}</dd></div></dl>
${rest.length > 0 && markup`<details><summary>${rest.length} more for and against it</summary><dl>${rest}</dl></details>`}</li>`;
}

function line(name: string, { text }: Clue): Content {
  return markup`<div><dt>${name}</dt><dd>${text}</dd></div>`;
}
