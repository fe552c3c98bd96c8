/** Numbers for people, the same bytes everywhere: no locale takes part. */

/** Three significant digits below 100, whole numbers above, groups of three: `0.034`, `4.12`, `31.5`, `12,345`. */
export function showNumber(value: number): string {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "-infinite";
  const size = Math.abs(value);
  const decimals = size >= 99.95 || Number.isInteger(value) ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  const [whole = "0", fraction = ""] = size.toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = fraction.replace(/0+$/, "");
  const shown = rest === "" ? grouped : `${grouped}.${rest}`;
  return value < 0 && shown !== "0" ? `-${shown}` : shown;
}

/** A moment of the run: `12.41 s`. */
export function showAt(atMs: number): string {
  return `${(atMs / 1_000).toFixed(2)} s`;
}

/** A length of time: `80 ms`, `1.3 s`, `12 min 5 s`. */
export function showSpan(ms: number): string {
  if (Math.abs(ms) < 999.5) return `${showNumber(Math.abs(ms) < 10 ? ms : Math.round(ms))} ms`;
  if (Math.abs(ms) < 119_950) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, "")} s`;
  const seconds = Math.round(ms / 1_000);
  return seconds % 60 === 0
    ? `${Math.floor(seconds / 60)} min`
    : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `41 ms`, `12 messages`, `1 message`, `34%`. */
export function showMeasured(value: number, unit: string): string {
  if (unit === "%") return `${showNumber(value)}%`;
  return `${showNumber(value)} ${value === 1 && /^[a-z]{3,}s$/.test(unit) ? unit.slice(0, -1) : unit}`;
}

/** `3 checks`, `1 check`. */
export function plural(count: number, noun: string): string {
  return `${showNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** The largest, or `floor` where none is larger; `Math.max(...values)` ends at some hundred thousand. */
export function largest(values: Iterable<number>, floor: number): number {
  let most = floor;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** To three decimals: enough for any chart or file, and no noise of binary fractions. */
export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
