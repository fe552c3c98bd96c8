/** The body as a JSON object; undefined where it is anything else. */
export function parseObject(body: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

/** The body as an object with exactly these keys (A50); undefined where it is anything else. */
export function readObject(body: string, keys: readonly string[]): Record<string, unknown> | undefined {
  const value = parseObject(body);
  if (value === undefined) return undefined;
  const known = Object.keys(value).every((key) => keys.includes(key));
  return known && keys.every((key) => Object.hasOwn(value, key)) ? value : undefined;
}

/** Text without NUL, which Postgres' text cannot hold. */
export function isText(value: unknown, charactersMax = Number.POSITIVE_INFINITY): value is string {
  return typeof value === "string" && value !== "" && value.length <= charactersMax && !value.includes("\0");
}
