import { parseObject } from "./json-body.ts";

/** What a field of a SEND's body must be. */
export type Field =
  | { readonly kind: "text"; readonly charactersMax: number; readonly optional?: true }
  | { readonly kind: "flag"; readonly optional?: true };

/** All fields that there may be; any other one is a mistake. */
export type Shape = Readonly<Record<string, Field>>;

type ValueOf<F extends Field> = F extends { kind: "text" } ? string : boolean;

/** What a body of this shape holds. */
export type Payload<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends { optional: true } ? ValueOf<S[K]> | undefined : ValueOf<S[K]>;
};

/** The body as JSON of exactly this shape; undefined for anything else (A50, B170). */
export function parsePayload<S extends Shape>(body: string, shape: S): Payload<S> | undefined {
  const given = parseObject(body);
  if (given === undefined) return undefined;
  if (!Object.keys(given).every((name) => Object.hasOwn(shape, name))) return undefined;
  return Object.entries(shape).every(([name, field]) => fits(given, name, field))
    ? (given as Payload<S>)
    : undefined;
}

function fits(given: Readonly<Record<string, unknown>>, name: string, field: Field): boolean {
  if (!Object.hasOwn(given, name)) return field.optional === true;
  const value = given[name];
  if (field.kind === "flag") return typeof value === "boolean";
  // Postgres' text cannot hold NUL.
  return typeof value === "string" && value.length <= field.charactersMax && !value.includes("\0");
}
