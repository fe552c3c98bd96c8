/** `10s`, `1500ms`, `2m`, `1.5s` in ms; undefined for anything else. A bare number has no unit and is refused. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (!match) return undefined;
  const factor = { ms: 1, s: 1_000, m: 60_000 }[match[2] as "ms" | "s" | "m"];
  return Math.round(Number(match[1]) * factor);
}

/** The short form that `parseDurationMs` reads back: `10s`, `1500ms`. */
export function showDuration(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
