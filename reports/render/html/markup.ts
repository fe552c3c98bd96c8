import { plain } from "../plain.ts";

/** Finished markup. Only `markup` makes it, so what is not `Markup` gets escaped. */
export interface Markup {
  readonly markup: string;
}

export type Content = Markup | string | number | false | undefined | readonly Content[];

/**
 * Markup with holes: text in a hole is escaped (also inside a quoted attribute), markup is taken as it is, lists
 * are joined, `false` and `undefined` are nothing. Never put a hole into a script, a style or an unquoted attribute.
 */
export function markup(strings: TemplateStringsArray, ...holes: readonly Content[]): Markup {
  let out = strings[0] as string;
  for (let i = 0; i < holes.length; i++) out += show(holes[i]) + strings[i + 1];
  return { markup: out };
}

/** Breaks at spaces only: `server-2` stays on one line. */
export function words(text: string): Markup {
  return markup`${text.split(" ").map((word, at) => markup`${at > 0 && " "}<span class="word">${word}</span>`)}`;
}

function show(content: Content): string {
  if (content === undefined || content === false) return "";
  if (typeof content === "number") return `${content}`;
  if (typeof content === "string") return escapeMarkup(content);
  return "markup" in content ? content.markup : content.map(show).join("");
}

/** For HTML and XML alike, text and quoted attributes. */
export function escapeMarkup(text: string): string {
  return plain(text, true).replace(/[&<>"']/g, (char) => ESCAPES[char] as string);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
