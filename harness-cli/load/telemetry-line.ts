import type { Telemetry } from "../../scenarios/model/telemetry.ts";

/**
 * Is this a line of telemetry? Looked at closely enough that a record never holds what its reader cannot take:
 * every field that is read later has its type, every tuple its length. Returns what is wrong, or the line.
 */
export function parseTelemetry(text: string): Telemetry | { readonly wrong: string } {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return { wrong: "not JSON" };
  }
  if (!isRecord(line)) return { wrong: "not an object" };
  if (!isType(line.type)) return { wrong: `unknown type ${JSON.stringify(line.type)}` };
  const shape = shapes[line.type];
  for (const [field, fits] of Object.entries(shape)) {
    if (!fits(line[field])) return { wrong: `${line.type} with a bad ${field}` };
  }
  return line as unknown as Telemetry;
}

type Fits = (value: unknown) => boolean;

const text: Fits = (value) => typeof value === "string";
const finite: Fits = (value) => Number.isFinite(value);
const whole: Fits = (value) => Number.isInteger(value);

function listOf(fits: Fits): Fits {
  return (value) => Array.isArray(value) && value.every(fits);
}

function tuple(...parts: readonly Fits[]): Fits {
  return (value) =>
    Array.isArray(value) && value.length === parts.length && parts.every((fits, i) => fits(value[i]));
}

function object(fields: Readonly<Record<string, Fits>>): Fits {
  return (value) => isRecord(value) && Object.entries(fields).every(([field, fits]) => fits(value[field]));
}

const numbersByName: Fits = (value) => isRecord(value) && Object.values(value).every(finite);

const histogram = object({ buckets: listOf(whole), minUs: finite, maxUs: finite });

const shapes: Readonly<Record<Telemetry["type"], Readonly<Record<string, Fits>>>> = {
  hello: { engine: text, vu: whole, clients: whole },
  flush: {
    vu: whole,
    sequence: whole,
    atMs: finite,
    connections: listOf(object({ what: text, atMs: finite, client: whole, attempt: whole })),
    sends: listOf(tuple(whole, whole, text, finite, finite)),
    outcomes: listOf(tuple(whole, whole, finite, (value) => value === "c" || value === "r")),
    received: listOf(tuple(whole, whole, whole, whole)),
    oddities: listOf(object({ what: text, atMs: finite, subscription: whole })),
    histograms: listOf(object({ metric: text, role: text, second: whole, data: histogram })),
    counts: numbersByName,
    gauges: numbersByName,
    slowest: listOf(tuple(finite, whole, whole, whole, finite)),
  },
  error: { vu: whole, atMs: finite, where: text, message: text },
  bye: { vu: whole, atMs: finite, abandoned: whole },
};

function isType(value: unknown): value is Telemetry["type"] {
  return typeof value === "string" && Object.hasOwn(shapes, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
