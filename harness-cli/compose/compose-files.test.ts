import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ENTRY, render } from "./k6-entry.ts";

const root = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

test("compose/k6-entry.ts is fresh: node harness-cli/compose/k6-entry.ts", async () => {
  expect(readFileSync(ENTRY, "utf8")).toBe(await render());
});

test("every series of the dashboard is one that the server exposes", () => {
  const { panels } = JSON.parse(read("compose/grafana/seaworthy.json")) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  const asked = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => [...expr.matchAll(/\b[a-z]+(?:_[a-z]+)+\b/g)].map((match) => match[0])),
  );
  const words = new Set(["histogram_quantile"]);
  const sources = ["metrics", "activity-metrics", "process-metrics"].map((name) =>
    read(`target-server/${name}.ts`),
  );
  const series = [...new Set(asked.filter((name) => !words.has(name)))];
  expect(series.length).toBeGreaterThan(8);
  // prom-client's own are about the process; a histogram is asked by its buckets.
  const unknown = series.filter((name) => {
    const base = name.replace(/_(bucket|sum|count)$/, "");
    return !/^process_|^nodejs_/.test(base) && !sources.some((text) => text.includes(`"${base}"`));
  });
  expect(unknown).toEqual([]);
});

test("every link of compose/toxiproxy.json has one of the balancers or a server behind it", () => {
  const proxies = JSON.parse(read("compose/toxiproxy.json")) as { name: string; listen: string }[];
  expect(proxies.map(({ name }) => name)).toEqual(
    [1, 2, 3].flatMap((n) => ["clients", "redis", "postgres"].map((to) => `server-${n}.${to}`)),
  );
  const used = ["docker-compose.yml", "compose/nginx.conf", "compose/haproxy.cfg"].map(read);
  for (const { name, listen } of proxies) {
    const port = listen.split(":")[1] as string;
    const users = used.filter((text) => new RegExp(`\\b${port}\\b`).test(text)).length;
    expect([name, users]).toEqual([name, name.endsWith(".clients") ? 2 : 1]);
  }
});
