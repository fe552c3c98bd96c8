import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "../catalog.ts";
import { plan } from "../plan.ts";
import { requestsOf } from "../prove.ts";
import { FOLDER, pages } from "./pitfalls.ts";

const catalog = await loadCatalog();
const wanted = pages(catalog);

test("docs/pitfalls is fresh, with a page for each defect and no other: node harness-cli/docs/pitfalls.ts", () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...wanted.keys()].sort());
  for (const [file, text] of wanted) expect(readFileSync(path.join(FOLDER, file), "utf8"), file).toBe(text);
});

describe.each([...catalog.defects.keys()])("the page of %s", (name) => {
  const page = wanted.get(`${name}.md`) ?? "";

  test("leads to files that are there", () => {
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target ?? "");
    expect(links).not.toEqual([]);
    for (const target of links) expect(existsSync(path.resolve(FOLDER, target)), target).toBe(true);
    expect(wanted.get("README.md")).toContain(`(${name}.md)`);
  });

  test("names a run that can be planned as it stands", async () => {
    const defect = catalog.defects.get(name);
    if (!defect) throw new Error(`no defect ${name}`);
    const [request] = requestsOf([defect], { seed: 1, cwd: ".", healthyRuns: 0 });
    if (!request) throw new Error("no request");
    const planned = await plan(request, catalog);
    expect(planned.checks.map((check) => check.name)).toContain(defect.caughtBy.check);
    for (const fault of request.faults) expect(page).toContain(`--fault ${fault}`);
  });
});
