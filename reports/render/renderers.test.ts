import { describe, expect, test } from "vitest";
import { calm, HOSTILE, type MadeUpRun, storm, torn } from "../fixtures/made-up-runs.ts";
import { script, scriptHash } from "./html/script.ts";
import { html } from "./html.ts";
import { json } from "./json.ts";
import { junit } from "./junit.ts";
import { markdown } from "./markdown.ts";
import { text } from "./text.ts";

const runs = { storm, calm, torn };
const renderers = {
  "report.html": ({ report, record }: MadeUpRun) => html(report, record),
  "report.json.txt": ({ report, record }: MadeUpRun) => json(report, record),
  "junit.xml": ({ report, record }: MadeUpRun) => junit(report, record),
  "report.md": ({ report, record }: MadeUpRun) => markdown(report, record),
  "verdict.txt": ({ report, record }: MadeUpRun) =>
    text(report, record, { colour: false, dir: "runs/example" }),
};

describe.each(Object.entries(runs))("golden files of the %s run (vitest -u rewrites them)", (name, make) => {
  test.each(Object.entries(renderers))("G16: %s", async (file, render) => {
    const made = make();
    const rendered = render(made);
    expect(render(make()), "the same record must give the same bytes").toBe(rendered);
    await expect(rendered).toMatchFileSnapshot(`../fixtures/${name}/${file}`);
  });
});

describe("report.html", () => {
  const page = renderers["report.html"](storm());

  test("G16: one file: nothing is fetched, and only its own script may run", async () => {
    expect(page).not.toMatch(
      /\b(src|srcset|action|formaction|xlink:href)=|url\(|@import|<link|<img|<iframe|<object|<base/,
    );
    expect(
      [...page.matchAll(/href="([^"]*)"/g)]
        .map(([, target]) => target)
        .filter((target) => !target?.startsWith("#")),
    ).toEqual([]);
    expect(page.match(/https?:\/\//g)).toBeNull();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script)));
    expect(scriptHash).toBe(`sha256-${btoa(String.fromCharCode(...digest))}`);
    expect(page).toContain(`script-src '${scriptHash}'`);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/ on[a-z]+=/);
  });

  test("A141: what a server says stays text", () => {
    expect(page).toContain("slow &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;quoted&#39;");
    expect(page).not.toContain("\u001b");
    expect(page).not.toContain("\u202e");
  });

  test.each(Object.entries(runs))("every element of the %s page is closed where it was opened", (_, make) => {
    expect(unbalanced(renderers["report.html"](make()), VOID)).toEqual([]);
  });

  test("every anchor leads somewhere, and no id is given twice", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  });

  test("a 47 s run of 60 clients stays under 200 KB, a run of ten hours under 500 KB", () => {
    expect(page.length).toBeLessThan(200_000);
    const { report, record } = storm();
    expect(html(report, { ...record, durationMs: 36_000_000 }).length).toBeLessThan(500_000);
  });

  test("G16: the first screen says verdict, evidence and what was run before anything else", () => {
    const first = page.slice(page.indexOf("<body>"), page.indexOf("<main"));
    for (const said of [
      "Breached",
      "12 of 1,846",
      "17#6",
      "reconnect-storm",
      "60",
      "42",
      "46.7 s",
      "reference system",
      "Most likely mistakes",
      "relay-publish-error-swallowed",
      "Confirm a message only when it was published",
    ]) {
      expect(first).toContain(said);
    }
    expect(page.indexOf('id="slo"')).toBeLessThan(page.indexOf('id="evidence"'));
  });

  test("every chart has title, unit, fault bands, phases and a tooltip for each second", () => {
    const charts = page.match(/<figure class="chart.*?<\/figure>/gs) ?? [];
    expect(charts).toHaveLength(11);
    for (const one of charts) {
      expect(one).toMatch(/<b>[A-Z][^<]+<\/b> <span class="unit">[^<]+</);
      expect(one.match(/class="band"/g)).toHaveLength(3);
      expect(one).toContain('title="during kill server-2"');
      expect(one.match(/<title>/g)).toHaveLength(47);
    }
    expect(charts[0]).toContain('class="limit"');
  });
});

describe("the most likely mistakes", () => {
  const { report, record } = storm();
  const without = (diagnoses: typeof report.diagnoses) => ({ ...report, diagnoses: diagnoses ?? [] });

  test("are told with what speaks for and against them, and what to do, in every form", () => {
    const shown = [
      html(report, record),
      text(report, record, { colour: false, columns: 100 }).replace(/\s+/g, " "),
      markdown(report, record).replaceAll("\\", ""),
      json(report, record),
    ];
    for (const form of shown) {
      for (const said of [
        "relay-publish-error-swallowed",
        "partial-broadcast-on-crash",
        "17#6 of 12,020 ms",
        "not in the record: Redis was broken",
        "publish it when the relay is back",
      ]) {
        expect(form).toContain(said);
      }
    }
    const places = ["relay-publish", "partial-broadcast"].map((name) => shown[0]?.indexOf(name) ?? -1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test("are said to be none where no known mistake explains a breach, and are not asked for where nothing is breached", () => {
    const forms = (one: typeof report) => [
      html(one, record),
      text(one, record, { colour: false }).replace(/\s+/g, " "),
      markdown(one, record),
    ];
    for (const form of forms(without([]))) expect(form).toContain("None of the known mistakes explains this");
    const { diagnoses: _, ...unasked } = report;
    for (const form of [...forms(unasked), ...forms({ ...report, overall: "met" })]) {
      expect(form).not.toMatch(/likely|None of the known/i);
    }
  });

  test("that are far less likely than the first one are left out, and at most three are shown", () => {
    const [first] = report.diagnoses ?? [];
    if (!first) throw new Error("the storm has diagnoses");
    const named = (mistake: string, score: number) => ({ ...first, mistake, score });
    const many = without([named("one", 9), named("two", 8), named("three", 8), named("four", 8)]);
    expect(html(many, record).match(/<li><b>/g)).toHaveLength(3);
    expect(html(without([named("one", 9), named("two", 3)]), record).match(/<li><b>/g)).toHaveLength(1);
  });
});

describe("junit.xml", () => {
  test("a breach is a failure, unknown is an error, and the sums are right", () => {
    const { report } = storm();
    const xml = renderers["junit.xml"](storm());
    const of = (status: string) =>
      report.judgements.filter(({ verdict }) => verdict.status === status).length;
    expect(xml).toContain(
      `tests="${report.judgements.length}" failures="${of("breached")}" errors="${of("unknown")}"`,
    );
    expect(xml.match(/<testcase/g)).toHaveLength(report.judgements.length);
    expect(xml.match(/<failure type="breached"/g)).toHaveLength(of("breached"));
    expect(xml.match(/<error type="unknown"/g)).toHaveLength(of("unknown"));
    const cases = [...xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"/g)].map(
      ([, name, of]) => `${of}/${name}`,
    );
    expect(new Set(cases).size, "no two cases may look alike").toBe(cases.length);
    expect(xml).toContain("12.02 s 17#6, confirmed to client 17");
    expect(xml).toContain('timestamp="2026-11-22T07:05:23"');
  });

  test("a run that did not end by itself, or judged nothing, is not a pass", () => {
    expect(renderers["junit.xml"](torn())).toContain('<error type="torn"');
    const { report, record } = calm();
    const interrupted = { ...report, ended: { how: "interrupted", by: "SIGINT" } } as const;
    expect(junit(interrupted, record)).toContain('message="interrupted by SIGINT"');
    const ended = { how: "aborted", check: "close-codes", phase: "baseline", why: "1 close" } as const;
    expect(junit({ ...report, ended }, record)).toContain('message="ended early: close-codes was breached"');
    const failed = {
      how: "failed",
      code: "SW_LOAD_FAILED",
      message: "k6 died",
      hint: "see its log",
    } as const;
    expect(junit({ ...report, ended: failed }, record)).toContain(
      'message="SW_LOAD_FAILED: k6 died. Hint: see its log"',
    );
    expect(junit({ ...report, judgements: [], overall: "unknown" }, record)).toContain(
      'message="nothing was judged"',
    );
    expect(junit(report, record)).not.toContain("<error");
  });

  test("A141: it is XML whatever a server said", () => {
    for (const make of Object.values(runs)) {
      const xml = renderers["junit.xml"](make());
      expect(unbalanced(xml.replace(/^<\?xml.*\?>/, ""), new Set())).toEqual([]);
      expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/);
      expect(xml).not.toContain("]]>");
      expect(xml.replace(/&(amp|lt|gt|quot|#39);/g, "")).not.toContain("&");
    }
  });
});

describe("report.json", () => {
  test("format 1: series of one value a second, null where nothing was measured", () => {
    const data = JSON.parse(renderers["report.json.txt"](storm()));
    expect(data.format).toBe(1);
    expect(data.overall).toBe("breached");
    const { bins, binMs, lines } = data.series;
    expect([bins, binMs]).toEqual([47, 1_000]);
    for (const series of Object.values(lines) as { values: (number | null)[] }[][]) {
      for (const { values } of series) expect(values).toHaveLength(bins);
    }
    expect(lines.deliveryMs[0].values[0]).toBeNull();
    expect(lines.deliveryMs.map((line: { name: string }) => line.name)).toEqual(["p50", "p95", "p99"]);
    expect(data.judgements).toHaveLength(storm().report.judgements.length);
  });

  test("the p99 of each second is the one of the recorded histogram", () => {
    const { lines } = JSON.parse(renderers["report.json.txt"](storm())).series;
    const [p50, p95, p99] = lines.deliveryMs;
    expect(p99.values[29]).toBeGreaterThan(400);
    expect(p99.values[10]).toBeLessThan(100);
    p50.values.forEach((low: number | null, at: number) => {
      if (low !== null) expect(low <= p95.values[at] && p95.values[at] <= p99.values[at]).toBe(true);
    });
  });
});

describe("the terminal's verdict", () => {
  test("no line is wider than the terminal, at any width", () => {
    for (const make of Object.values(runs)) {
      const { report, record } = make();
      for (const columns of [20, 60, 80, 100, 300]) {
        const lines = text(report, record, { colour: false, columns, dir: "runs/x" }).split("\n");
        const most = Math.max(60, Math.min(100, columns));
        expect(lines.filter((line) => line.length > most)).toEqual([]);
      }
    }
  });

  test("A141: without colour there is no escape, with colour only our own", () => {
    const { report, record } = storm();
    expect(text(report, record, { colour: false })).not.toContain("\u001b");
    const coloured = text(report, record, { colour: true });
    expect(coloured).toContain("\u001b[1;31mBREACHED\u001b[0m");
    // Taking our own colours away leaves the colourless text: nothing else was added.
    expect(coloured.replace(/\u001b\[(0|2|1;3[125])m/g, "")).toBe(text(report, record, { colour: false }));
  });

  test("G16: the first line is the verdict; what is not met comes before what held", () => {
    const { report, record } = storm();
    const lines = text(report, record, { colour: false }).trim().split("\n");
    expect(lines[0]).toBe("BREACHED  3 of 59 checks over their limit, 9 could not be judged");
    const first = (start: string) => lines.findIndex((line) => line.startsWith(start));
    expect(first("breached ")).toBeLessThan(first("unknown "));
    expect(first("unknown ")).toBeLessThan(first("met "));
    expect(lines.length).toBeLessThan(50);
  });
});

test("A141: nothing that a server said is live in markdown", () => {
  const md = renderers["report.md"](storm());
  const reason = md.split("\n").find((line) => line.includes("close-codes"));
  expect(reason?.match(/(?<!\\)\|/g)).toHaveLength(7);
  expect(md).not.toContain(HOSTILE);
  const { report, record } = calm();
  const named = {
    ...report,
    plan: { ...report.plan, scenario: { ...report.plan.scenario, name: "@all <b>*x*" } },
  };
  expect(markdown(named, record)).toContain("\\@all \\<b\\>\\*x\\*");
});

const VOID = new Set(["meta", "br"]);

/** Names of elements that are closed wrongly or never; `void` ones need no end. */
function unbalanced(source: string, voids: ReadonlySet<string>): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const body = source.replace(/<!doctype html>/, "").replace(/<(style|script)>.*?<\/\1>/gs, "");
  for (const [, end, name = "", empty] of body.matchAll(
    /<(\/?)([a-zA-Z][a-zA-Z0-9-]*)(?:\s[^<>]*?)?(\/?)>/g,
  )) {
    if (end === "/") {
      if (open.pop() !== name) wrong.push(`</${name}>`);
    } else if (empty !== "/" && !voids.has(name)) open.push(name);
  }
  return [...wrong, ...open];
}
