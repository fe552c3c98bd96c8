import { expect, test } from "vitest";
import { mutantsOf } from "./mutate.ts";

const changes = (source: string) => mutantsOf(source).map(({ line, change }) => `${line}: ${change}`);

test("a comparison moves its edge and turns round, a clause is dropped or let in", () => {
  expect(mutantsOf("if (a <= limit && b > 3) go();").map(({ becomes }) => becomes)).toEqual([
    "if (a < limit && b > 3) go();",
    "if (a > limit && b > 3) go();",
    "if (a <= limit || b > 3) go();",
    "if (a <= limit && b >= 3) go();",
    "if (a <= limit && b <= 3) go();",
    "if (a <= limit) go();",
    "if (b > 3) go();",
  ]);
  expect(mutantsOf("if (a === b) go();").map(({ text }) => text)).toEqual(["if (a !== b) go();"]);
  expect(mutantsOf("{\n  if (a === b) go();\n}").map(({ becomes }) => becomes)).toEqual([
    "if (a !== b) go();",
  ]);
});

test("each clause is dropped by itself, whatever it stands in", () => {
  expect(mutantsOf("const is = (a || b) && c;").map(({ becomes }) => becomes)).toEqual([
    "const is = (a && b) && c;",
    "const is = (a || b) || c;",
    "const is = (a || b);",
    "const is = c;",
    "const is = (a) && c;",
    "const is = (b) && c;",
  ]);
});

test("a not is left out; that of an inequality is none", () => {
  expect(mutantsOf("if (!up) use(!(a.has(b)));").map(({ text }) => text)).toEqual([
    "if (up) use(!(a.has(b)));",
    "if (!up) use((a.has(b)));",
  ]);
  expect(changes("if (a !== b) go(c!);")).toEqual(["1: !== to ==="]);
});

test("named numbers and limits are made ten times as wide, and a limit of nothing ten", () => {
  expect(changes("const AFTER_MS = 2_000;\nconst name = 5;")).toEqual(["1: 2_000 to 20000"]);
  expect(changes("const check = {\n  limits: { baseline: 0, fault: 256 },\n};")).toEqual([
    "2: 0 to 10",
    "2: 256 to 2560",
  ]);
  expect(changes("export const AFTER_MS = 2_000;")).toEqual(["1: 2_000 to 20000"]);
  expect(changes("export const LIMITS = {\n  /** Half of 100: */\n  lateMs: 50,\n} as const;")).toEqual([
    "3: 50 to 500",
  ]);
});

test("comments, texts, types, arrows and imports are left alone", () => {
  for (const source of [
    "// a <= b && c",
    "/* a < b */",
    'say("a <= b && c");',
    "say(`a < b`);",
    "const map = new Map<string, number>();",
    "run(() => 1);",
    "of(/a < b/);",
    "while (low < high && up) {}",
    "for (let i = 0; i < 9; i++) {}",
  ]) {
    expect(mutantsOf(source), source).toEqual([]);
  }
});

test("a condition that the formatter broke over lines is seen", () => {
  expect(mutantsOf("go(\n  hit &&\n  late\n);").map(({ becomes }) => becomes)).toEqual([
    "hit ||",
    "hit",
    "late",
  ]);
});
