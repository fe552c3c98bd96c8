import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Invariant } from "../../scenarios/model/scenario.ts";
import type { Check } from "../check.ts";
import { judge } from "../judge.ts";
import { Story } from "../testing/story.ts";

const folder = new URL("./", import.meta.url);
const files = (await readdir(folder)).filter((file) => /^[a-z0-9-]+\.ts$/.test(file)).sort();
const checks = await Promise.all(
  files.map(async (file) => ((await import(new URL(file, folder).href)) as { default: Check }).default),
);

const withKill = () =>
  new Story({ timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } })
    .fault("kill", "server-2", 10_000, 12_000)
    .checks(...checks.map(({ name, limits }) => ({ name, limits })));

test("each file is a check of the file's own name, explained and tied to requirements", () => {
  expect(checks.map(({ name }) => `${name}.ts`)).toEqual(files);
  for (const check of checks) {
    expect(check.explain.length, check.name).toBeGreaterThan(100);
    expect(check.requirement.length, check.name).toBeGreaterThan(0);
    expect(Object.keys(check.limits).length, check.name).toBeGreaterThan(0);
  }
});

test("issue 3, show 6: on a record without a sample every check is unknown in every phase", () => {
  const { judgements } = judge(withKill().record(), checks);
  expect(new Set(judgements.map(({ check }) => check))).toEqual(new Set(checks.map(({ name }) => name)));
  for (const { check, phase, verdict } of judgements) {
    expect(verdict, `${check} ${phase}`).toMatchObject({ status: "unknown", samples: 0 });
  }
});

test("rule 6: no check passes or fails while the generator cannot be judged", () => {
  const story = withKill().measureEach("delivery", 0, 40_000, 9_000, 1_000);
  const subscription = story.join(1, "a", 500);
  story.send(0, 0, "a", 3_000).send(0, 1, "a", 4_000).receive(subscription, 0, 0, 0, 3_000);
  const { judgements, overall } = judge(story.record(), checks);
  expect(overall).toBe("unknown");
  const lost = judgements.find(({ check, phase }) => check === "no-lost-message" && phase === "baseline");
  expect(lost?.verdict).toMatchObject({
    status: "unknown",
    measured: 1,
    why: expect.stringMatching(/would have been breached: 1 of 2/),
  });
});

test("INV-IDENTITY, INV-AUTH, INV-LIMIT, INV-REAP, INV-PRESENCE, INV-BOUND, INV-FAIR, INV-HEALTH: a wrong answer about one turns its own check red, and no other", () => {
  const redFor = (invariant: Invariant) => {
    const wrong = { about: "a-question", invariant, expected: "200", seen: "500", holds: false };
    const told = withKill()
      .fitGenerator()
      .observe({ ...wrong, client: 1, atMs: 5_000 });
    const { judgements } = judge(told.record(), checks);
    return judgements.filter(({ verdict }) => verdict.status === "breached").map(({ check }) => check);
  };
  expect(redFor("INV-IDENTITY")).toEqual(["sender-identity"]);
  expect(redFor("INV-AUTH")).toEqual(["authority"]);
  expect(redFor("INV-LIMIT")).toEqual(["rate-limits"]);
  expect(redFor("INV-REAP")).toEqual(["reaping"]);
  expect(redFor("INV-PRESENCE")).toEqual(["presence"]);
  expect(redFor("INV-BOUND")).toEqual(["bounds"]);
  expect(redFor("INV-FAIR")).toEqual(["fairness"]);
  expect(redFor("INV-HEALTH")).toEqual(["health-endpoints"]);
});

test("the same record gives the same report", () => {
  expect(judge(withKill().fitGenerator().record(), checks)).toEqual(
    judge(withKill().fitGenerator().record(), checks),
  );
});
