import { type ESTree, parseSync, Visitor } from "vite";

/** One small weakening of a source: where, and what it becomes. */
export interface Mutant {
  readonly line: number;
  /** What was there and what stands there instead: `<= to <`. */
  readonly change: string;
  /** The changed line as it then reads, without its indentation. */
  readonly becomes: string;
  /** The whole source with it. */
  readonly text: string;
}

/** What each operator is exchanged for: a comparison moves its edge or turns round, a clause is let in or needed too. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "<=": ["<", ">"],
  "<": ["<=", ">="],
  ">=": [">", "<"],
  ">": [">=", "<="],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
};

const OPERATOR = /(?<= )(<=|>=|<|>|===|!==|&&|\|\|)(?= |$)/gm;
const NOT = /(?<=[\s(])!(?=[\w(])/g;
/** Not EVIDENCE: how many cases are shown is no part of a verdict. */
const CONSTANT = /^((?:export )?const (?!EVIDENCE\b)[A-Z][A-Z0-9_]* = )(\d[\d_]*(?:\.\d+)?);$/gm;
/** A check's limits, and a table of named limits. */
const LIMITS = /^(?:\s*limits: |(?:export )?const [A-Z][A-Z0-9_]* = )\{[^}]*\}/gm;
const NUMBER = /(?<=: )\d[\d_]*(?:\.\d+)?/g;

/**
 * Every mutant of a source in our own formatting: a clause dropped, operators exchanged, a "not" left out, named numbers
 * and limits made ten times as wide (a limit of nothing becomes ten). Comments, texts and types are left alone.
 */
export function mutantsOf(source: string): Mutant[] {
  const visible = masked(source);
  const mutants: Mutant[] = [];
  const add = (at: number, was: string, becomes: string, change = `${was} to ${becomes || "nothing"}`) => {
    const line = source.slice(0, at).split("\n").length;
    const text = source.slice(0, at) + becomes + source.slice(at + was.length);
    const changed = text.split("\n")[line - 1] ?? "";
    mutants.push({ line, change, becomes: changed.trim(), text });
  };
  for (const match of visible.matchAll(OPERATOR)) {
    for (const becomes of OPERATORS[match[0]] ?? []) add(match.index, match[0], becomes);
  }
  for (const { start, end, left, right } of conditionsIn(source)) {
    // Of a loop's condition nothing is visible.
    if (visible.slice(left.end, right.start).trim() === "") continue;
    const textOf = (part: ESTree.Span) => source.slice(part.start, part.end);
    for (const [kept, dropped] of [
      [left, right],
      [right, left],
    ] as const)
      add(start, source.slice(start, end), textOf(kept), `without ${textOf(dropped).replace(/\s+/g, " ")}`);
  }
  for (const match of visible.matchAll(NOT)) add(match.index, "!", "");
  for (const match of visible.matchAll(CONSTANT)) {
    const [, head = "", number = ""] = match;
    add(match.index + head.length, number, tenfold(number));
  }
  for (const limits of visible.matchAll(LIMITS)) {
    for (const number of limits[0].matchAll(NUMBER))
      add(limits.index + number.index, number[0], tenfold(number[0]));
  }
  return mutants.sort((a, b) => a.line - b.line);
}

/** Everything of the form "this and that" or "this or that", wherever it stands in another. */
function conditionsIn(source: string): ESTree.LogicalExpression[] {
  const { program, errors } = parseSync("mutated.ts", source);
  if (errors.length > 0) throw new SyntaxError(errors[0]?.message);
  const found: ESTree.LogicalExpression[] = [];
  new Visitor({
    LogicalExpression(node) {
      if (node.operator !== "??") found.push(node);
    },
  }).visit(program);
  return found;
}

function tenfold(number: string): string {
  const value = Number(number.replaceAll("_", ""));
  return value === 0 ? "10" : `${value * 10}`;
}

/** The source with everything that is no code blanked out, at the same places. */
function masked(source: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  return (
    source
      .replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, blank)
      .replace(/\/(?![ /*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[dgimsuy]*(?=[.,;)])/g, blank)
      // The condition of a loop would only make it endless.
      .replace(/\b(?:while \(|for \(let )[^\n]*/g, blank)
      .replace(/^\s*(?:import|export) [^;]*? from +;/gm, blank)
  );
}
