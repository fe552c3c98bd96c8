import type { Examiner } from "./examiner.ts";

/** The values of one series in Prometheus text: those whose labels contain all that are asked for. */
export function valuesOf(
  page: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number[] {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return page.split("\n").flatMap((line) => {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) return [];
    const braces = line.slice(name.length, line.lastIndexOf(" "));
    const given = braces.slice(1, -1).split(",");
    return wanted.every((one) => given.includes(one)) ? [Number(line.slice(line.lastIndexOf(" ") + 1))] : [];
  });
}

/** Their sum on the instance `at`; undefined where it has no such series. Rejects when it does not answer. */
export async function metricOf(
  examiner: Examiner,
  at: number,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const { body } = await examiner.http({ at, path: "/metrics" });
  const values = valuesOf(body, name, labels);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** Over all instances; a series that an instance has not begun is 0. */
export async function metricOverAll(
  examiner: Examiner,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  let sum = 0;
  for (let at = 0; at < examiner.endpoints; at++) sum += (await metricOf(examiner, at, name, labels)) ?? 0;
  return sum;
}
