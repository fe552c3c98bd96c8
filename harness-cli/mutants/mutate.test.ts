import { expect, test } from "vitest";
import { mutantsOf } from "./mutate.ts";

const changes = (source: string) => mutantsOf(source).map(({ line, change }) => `${line}: ${change}`);

test("a comparison moves its edge and turns round, a clause is let in", () => {
  expect(changes("if (a <= limit && b > 3) go();")).toEqual([
    "1: <= to <",
    "1: <= to >",
    "1: && to ||",
    "1: > to >=",
    "1: > to <=",
  ]);
  expect(mutantsOf("if (a === b) go();").map(({ text }) => text)).toEqual(["if (a !== b) go();"]);
  expect(mutantsOf("{\n  if (a === b) go();\n}").map(({ becomes }) => becomes)).toEqual([
    "if (a !== b) go();",
  ]);
});

test("a not is left out; that of an inequality is none", () => {
  expect(mutantsOf("if (!up) return !(a.has(b));").map(({ text }) => text)).toEqual([
    "if (up) return !(a.has(b));",
    "if (!up) return (a.has(b));",
  ]);
  expect(changes("if (a !== b) go(c!);")).toEqual(["1: !== to ==="]);
});

test("named numbers and limits are made ten times as wide, and a limit of nothing ten", () => {
  expect(changes("const AFTER_MS = 2_000;\nconst name = 5;")).toEqual(["1: 2_000 to 20000"]);
  expect(changes("  limits: { baseline: 0, fault: 256 },")).toEqual(["1: 0 to 10", "1: 256 to 2560"]);
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
    "while (low < high) {",
    "for (let i = 0; i < 9; i++) {",
  ]) {
    expect(mutantsOf(source), source).toEqual([]);
  }
});

test("a condition that the formatter broke over lines is seen", () => {
  expect(changes("return (\n  hit &&\n  late\n);")).toEqual(["2: && to ||"]);
});
