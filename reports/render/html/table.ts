import { type Content, type Markup, markup, words } from "./markup.ts";

export interface Column {
  readonly head: Content;
  readonly numeric?: boolean;
  /** Long prose gets the room that is left. */
  readonly wide?: boolean;
}

/** A plain table; the first cell of a row is its header. Wide ones scroll inside themselves. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Markup {
  const kind = (at: number) => (columns[at]?.numeric ? "num" : columns[at]?.wide ? "wide" : "");
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption><span>${caption}</span></caption>
<thead><tr>${columns.map((column, at) => markup`<th scope="col" class="${kind(at)}">${typeof column.head === "string" ? words(column.head) : column.head}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      markup`<tr>${row.map((cell, at) =>
        at === 0
          ? markup`<th scope="row" class="${kind(at)}">${cell}</th>`
          : markup`<td class="${kind(at)}">${cell}</td>`,
      )}</tr>\n`,
  )}</tbody>
</table></div>`;
}

/** Names and values, as in a colophon. */
export function facts(pairs: readonly (readonly [Content, Content])[]): Markup {
  return markup`<dl class="facts">${pairs.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
