import type { ConnectionEvent, Oddity, Telemetry } from "./telemetry.ts";

/**
 * What is wrong with a value that should be a line of telemetry; undefined for a good one. Looked at closely enough
 * that whoever reads it later meets no surprise: every field that is read has its type, every tuple its length.
 */
export function wrongIn(line: unknown): string | undefined {
  if (!isRecord(line)) return "not an object";
  if (!isType(line.type)) return `unknown type ${JSON.stringify(line.type)}`;
  for (const [field, fits] of shapes[line.type]) {
    if (!fits(line[field])) return `${line.type} with a bad ${field}`;
  }
  return undefined;
}

type Fits = (value: unknown) => boolean;
type Shape = readonly (readonly [field: string, fits: Fits])[];

const text: Fits = (value) => typeof value === "string";
const finite: Fits = (value) => Number.isFinite(value);
const whole: Fits = (value) => Number.isSafeInteger(value);
const count: Fits = (value) => whole(value) && (value as number) >= 0;
const yesOrNo: Fits = (value) => typeof value === "boolean";

function oneOf(...values: readonly unknown[]): Fits {
  return (value) => values.includes(value);
}

function optional(fits: Fits): Fits {
  return (value) => value === undefined || fits(value);
}

function orNull(fits: Fits): Fits {
  return (value) => value === null || fits(value);
}

function listOf(fits: Fits): Fits {
  return (value) => Array.isArray(value) && value.every(fits);
}

function tuple(...parts: readonly Fits[]): Fits {
  return (value) => {
    if (!Array.isArray(value) || value.length !== parts.length) return false;
    for (let i = 0; i < parts.length; i++) if (!(parts[i] as Fits)(value[i])) return false;
    return true;
  };
}

/** A run of numbers at the end of a tuple goes upwards. */
function ascending(fits: Fits): Fits {
  return (value) => {
    if (!fits(value)) return false;
    const [from, to] = (value as number[]).slice(-2);
    return (from as number) <= (to as number);
  };
}

function object(fields: Readonly<Record<string, Fits>>): Fits {
  const shape = Object.entries(fields);
  return (value) => isRecord(value) && shape.every(([field, fits]) => fits(value[field]));
}

/** One of several objects, told apart by its `what`. */
function kinds<What extends string>(
  common: Readonly<Record<string, Fits>>,
  own: Readonly<Record<What, Readonly<Record<string, Fits>>>>,
): Fits {
  const shapes = new Map(
    Object.entries<Readonly<Record<string, Fits>>>(own).map(([what, fields]) => [
      what,
      object({ ...common, ...fields }),
    ]),
  );
  return (value) =>
    isRecord(value) && typeof value.what === "string" && (shapes.get(value.what)?.(value) ?? false);
}

const numbersByName: Fits = (value) => isRecord(value) && Object.values(value).every(finite);

const histogram = object({
  buckets: (value) => listOf(count)(value) && (value as unknown[]).length % 2 === 0,
  negative: optional(count),
  minUs: finite,
  maxUs: finite,
});

const connection = kinds<ConnectionEvent["what"]>(
  { atMs: finite, client: whole, attempt: whole },
  {
    due: { endpoint: whole },
    connected: { endpoint: whole, server: optional(text) },
    subscribed: { subscription: whole, destination: text, askedMs: finite },
    failed: { endpoint: whole, reason: text },
    closed: {
      endpoint: whole,
      server: optional(text),
      code: orNull(whole),
      reason: text,
      by: oneOf("self", "peer", "unknown"),
      silentMs: finite,
    },
  },
);

const observation = object({
  about: text,
  invariant: text,
  expected: text,
  seen: text,
  holds: yesOrNo,
  atMs: finite,
  client: whole,
  server: optional(text),
});

const message = { publisher: whole, slot: whole };
const oddity = kinds<Oddity["what"]>(
  { atMs: finite, subscription: whole },
  {
    duplicate: { ...message, rendered: optional(yesOrNo) },
    inversion: { ...message, sequence: whole, after: whole },
    foreign: { text },
  },
);

const shapes: Readonly<Record<Telemetry["type"], Shape>> = {
  hello: Object.entries({ engine: text, vu: whole, clients: whole }),
  flush: Object.entries({
    vu: whole,
    sequence: count,
    atMs: finite,
    connections: listOf(connection),
    sends: listOf(tuple(whole, whole, text, finite, finite)),
    outcomes: listOf(tuple(whole, whole, finite, oneOf("c", "r"))),
    received: listOf(ascending(tuple(whole, whole, whole, whole))),
    sequences: optional(listOf(ascending(tuple(whole, whole, whole)))),
    oddities: listOf(oddity),
    observations: optional(listOf(observation)),
    histograms: listOf(
      object({ metric: text, role: text, destination: optional(text), second: whole, data: histogram }),
    ),
    counts: numbersByName,
    gauges: numbersByName,
    slowest: listOf(tuple(finite, whole, whole, whole, finite)),
  }),
  error: Object.entries({ vu: whole, atMs: finite, where: text, message: text }),
  bye: Object.entries({ vu: whole, atMs: finite, abandoned: whole }),
};

function isType(value: unknown): value is Telemetry["type"] {
  return typeof value === "string" && Object.hasOwn(shapes, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
