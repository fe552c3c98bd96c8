import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { parseMetrics, scrape } from "./scrape.ts";

test("series keep their labels exactly as exported; comments and blank lines are skipped", () => {
  const text = [
    "# HELP ws_active_connections now",
    "# TYPE ws_active_connections gauge",
    "ws_active_connections 12",
    'ws_closes_total{code="1006",reason="a } b, \\"c\\" \\\\"} 3',
    "",
    'http_request_seconds_bucket{le="+Inf"} 1.5e3',
    "with_timestamp 7 1700000000000",
    "  indented 4",
  ].join("\n");
  expect(parseMetrics(text)).toEqual({
    ws_active_connections: 12,
    'ws_closes_total{code="1006",reason="a } b, \\"c\\" \\\\"}': 3,
    'http_request_seconds_bucket{le="+Inf"}': 1500,
    with_timestamp: 7,
    indented: 4,
  });
});

test("what is no number, or no metric, is left out", () => {
  const text = 'a NaN\nb +Inf\nc\nd{e="f" 1\n5 6\ng 1 2 3\n<html>no</html>\nh \nok 0\r\n';
  expect(parseMetrics(text)).toEqual({ ok: 0 });
});

test("the real exposition of prom-client is read completely", async () => {
  const register = new Registry();
  new Counter({ name: "closes_total", help: "x", labelNames: ["code"], registers: [register] }).inc(
    { code: "1006" },
    2,
  );
  new Histogram({ name: "fan_out_seconds", help: 'with "quotes"\nand lines', registers: [register] }).observe(
    0.2,
  );
  const series = parseMetrics(await register.metrics());
  expect(series['closes_total{code="1006"}']).toBe(2);
  expect(series.fan_out_seconds_count).toBe(1);
  expect(series['fan_out_seconds_bucket{le="+Inf"}']).toBe(1);
});

test("an instance is down when it refuses, fails, or is silent past the deadline", async () => {
  const server = http.createServer((request, response) => {
    if (request.url === "/metrics") response.end("up_since 1\n");
    else if (request.url === "/broken") response.writeHead(500).end("up_since 1\n");
    // anything else is never answered
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string) => scrape({ name: "server-1", metricsUrl: url + path }, 3_000, 300);

  expect(await ask("/metrics")).toEqual({
    kind: "server",
    atMs: 3_000,
    server: "server-1",
    up: true,
    series: { up_since: 1 },
  });
  const down = { kind: "server", atMs: 3_000, server: "server-1", up: false, series: {} };
  expect(await ask("/broken")).toEqual(down);
  const startMs = performance.now();
  expect(await ask("/silent")).toEqual(down);
  expect(performance.now() - startMs).toBeLessThan(10_000);
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  expect(await ask("/metrics")).toEqual(down);
});
