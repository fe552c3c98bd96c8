import type { ServerSample } from "../reports/record/samples.ts";

/**
 * Asks one instance for its metrics. Never rejects: an instance that does not answer 200 within the deadline gives
 * a sample that says `up: false`.
 */
export async function scrape(
  server: { readonly name: string; readonly metricsUrl: string },
  atMs: number,
  deadlineMs: number,
): Promise<ServerSample> {
  const sample = { kind: "server", atMs, server: server.name } as const;
  try {
    const response = await fetch(server.metricsUrl, {
      signal: AbortSignal.timeout(deadlineMs),
      headers: { accept: "text/plain" },
    });
    const text = await response.text();
    return response.ok
      ? { ...sample, up: true, series: parseMetrics(text) }
      : { ...sample, up: false, series: {} };
  } catch {
    return { ...sample, up: false, series: {} };
  }
}

/**
 * The Prometheus text format as value by series, `name` or `name{labels}` exactly as exported. Left out are comments,
 * lines that are not of the format, and values that JSON has no number for (NaN, ±Inf).
 */
export function parseMetrics(text: string): Record<string, number> {
  const series: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const end = endOfSeries(line);
    if (end === undefined) continue;
    const [value, timestamp, more] = line
      .slice(end)
      .trim()
      .split(/[ \t]+/);
    const number = Number(value);
    if (value === "" || !Number.isFinite(number) || more !== undefined) continue;
    if (timestamp !== undefined && !Number.isFinite(Number(timestamp))) continue;
    series[line.slice(0, end).trim()] = number;
  }
  return series;
}

const metricName = /^[ \t]*[a-zA-Z_:][a-zA-Z0-9_:]*/;

/** Where the name and its labels end. A label's value may hold braces, spaces and escaped quotes. */
function endOfSeries(line: string): number | undefined {
  const name = metricName.exec(line)?.[0];
  if (name === undefined) return undefined;
  if (line[name.length] !== "{") return name.length;
  let quoted = false;
  for (let i = name.length + 1; i < line.length; i++) {
    const char = line[i];
    if (quoted && char === "\\") i++;
    else if (char === '"') quoted = !quoted;
    else if (char === "}" && !quoted) return i + 1;
  }
  return undefined;
}
