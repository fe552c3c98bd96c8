import { parseDurationMs } from "./duration.ts";
import type { MistakeList } from "./mistakes.ts";
import { hintFor } from "./names.ts";

type Value = number | string | boolean;

/** What scenarios and faults have in common here: defaults that fix the types, and bounds. */
interface Parametrised {
  readonly params: Readonly<Record<string, Value>>;
  readonly bounds?: Readonly<Partial<Record<string, readonly [number, number] | readonly string[]>>>;
}

/**
 * `key=value` pairs over the defaults. A key in Ms also takes `10s`. Notes every unknown key, wrong kind and value
 * out of range; what is returned then is not to be used.
 */
export function parseParams(
  owner: string,
  pairs: readonly string[],
  of: Parametrised,
  mistakes: MistakeList,
): Readonly<Record<string, Value>> {
  const params: Record<string, Value> = { ...of.params };
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const key = at < 0 ? pair : pair.slice(0, at);
    const text = at < 0 ? "" : pair.slice(at + 1);
    const standard = own(of.params, key);
    if (standard === undefined) {
      mistakes.add(
        "SW_BAD_PARAMETER",
        `${owner} has no parameter "${key}"`,
        hintFor(key, Object.keys(of.params)),
      );
    } else if (at < 0) {
      mistakes.add("SW_BAD_PARAMETER", `parameter "${key}" has no value`, `write ${key}=${standard}`);
    } else {
      const value = parseValue(key, text, standard);
      if (typeof value === "number" && isCount(key, standard) && !Number.isSafeInteger(value)) {
        notWhole(owner, key, value, mistakes);
      } else if (value === undefined) {
        mistakes.add(
          "SW_BAD_PARAMETER",
          `${owner}: ${key}=${text} is not a ${typeof standard}`,
          `the default is ${key}=${standard}`,
        );
      } else {
        checkBounds(owner, key, value, of, mistakes);
        params[key] = value;
      }
    }
  }
  return params;
}

/** Values that came from a plan file: same rules as on the command line. */
export function checkParams(
  owner: string,
  params: Readonly<Record<string, Value>>,
  of: Parametrised,
  mistakes: MistakeList,
): void {
  for (const [key, standard] of Object.entries(of.params)) {
    const value = own(params, key);
    if (value === undefined || typeof value !== typeof standard) {
      mistakes.add(
        "SW_BAD_PARAMETER",
        `${owner}: ${key} is missing or not a ${typeof standard}`,
        "make the plan again",
      );
    } else if (typeof value === "number" && isCount(key, standard) && !Number.isSafeInteger(value)) {
      notWhole(owner, key, value, mistakes);
    } else {
      checkBounds(owner, key, value, of, mistakes);
    }
  }
  for (const key of Object.keys(params)) {
    if (own(of.params, key) === undefined) {
      mistakes.add(
        "SW_BAD_PARAMETER",
        `${owner} has no parameter "${key}"`,
        hintFor(key, Object.keys(of.params)),
      );
    }
  }
}

/** Clients, messages, bytes: a default that is whole makes it so, except for times and shares. */
function isCount(key: string, standard: Value): boolean {
  return Number.isInteger(standard) && !/(Ms|Percent)$/.test(key);
}

function notWhole(owner: string, key: string, value: number, mistakes: MistakeList): void {
  mistakes.add(
    "SW_BAD_PARAMETER",
    `${owner}: ${key}=${value} is not a whole number`,
    "write it without a fraction",
  );
}

/** What every object has besides (`constructor`, `toString`) is no parameter. */
function own<V>(of: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}

function parseValue(key: string, text: string, standard: Value): Value | undefined {
  if (typeof standard === "string") return text;
  if (typeof standard === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (key.endsWith("Ms")) {
    const ms = parseDurationMs(text);
    if (ms !== undefined) return ms;
  }
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function checkBounds(
  owner: string,
  key: string,
  value: Value,
  of: Parametrised,
  mistakes: MistakeList,
): void {
  const bounds = own(of.bounds ?? {}, key);
  if (!bounds) return;
  if (typeof value === "number") {
    const [low, high] = bounds as readonly [number, number];
    if (value >= low && value <= high) return;
    mistakes.add("SW_BAD_PARAMETER", `${owner}: ${key}=${value} is out of range`, `choose ${low} to ${high}`);
  } else if (typeof value === "string") {
    const choices = bounds as readonly string[];
    if (choices.includes(value)) return;
    mistakes.add("SW_BAD_PARAMETER", `${owner}: ${key}=${value} is not a choice`, hintFor(value, choices));
  }
}
