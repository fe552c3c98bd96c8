import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeMarkup, markup, words } from "./markup.ts";

test("A141: text in a hole is escaped, markup is not, and nothing stays nothing", () => {
  const inner = markup`<b>${"<i>"}</b>`;
  expect(markup`<p title="${`"'`}">${inner}${[1, "&"]}${false}${undefined}</p>`.markup).toBe(
    `<p title="&quot;&#39;"><b>&lt;i&gt;</b>1&amp;</p>`,
  );
  expect(words("a <b>").markup).toBe(`<span class="word">a</span> <span class="word">&lt;b&gt;</span>`);
});

test("A141: no text can leave its element or its attribute", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(fc.constantFrom("<", ">", "&", '"', "'", "]]>", "<!--", "</script>", "\u0000", "x"))
      .map((a) => a.join("")),
  );
  fc.assert(
    fc.property(text, (given) => {
      const escaped = escapeMarkup(given);
      expect(escaped).not.toMatch(/[<>"']/);
      expect(escaped.replace(/&(amp|lt|gt|quot|#39);/g, "")).not.toContain("&");
    }),
  );
});
