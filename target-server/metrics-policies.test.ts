import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { createPages } from "./http.ts";
import { createMetrics } from "./metrics.ts";
import { healthy, type Policies } from "./policies.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** What a scrape of a real HTTP server gets, by these policies. */
async function scrape(policies: Policies): Promise<string> {
  const metrics = createMetrics();
  metrics.received.inc(7);
  metrics.messageBytes.observe(100);
  const pages = createPages({
    serverId: "server-1",
    defects: [],
    metrics,
    exposeMetrics: policies.exposeMetrics,
    isAlive: () => true,
    readiness: async () => ({ ready: true, reasons: {}, pool: { used: 0, idle: 0, waiting: 0, max: 0 } }),
    routes: [],
    mayUseInternal: () => false,
    webSocketPaths: ["/ws"],
  });
  const server = createServer((request, response) => void pages(request, response));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return (await fetch(`http://127.0.0.1:${address.port}/metrics`)).text();
}

test("A130, A131: a healthy server shows all it counts, totals as counters and sizes in buckets", async () => {
  const page = await scrape(healthy);
  expect(page).toContain("# TYPE websocket_messages_received_total counter");
  expect(page).toContain("websocket_messages_received_total 7");
  expect(page).toContain('websocket_message_bytes_bucket{le="128"} 1');
});

test("B200, B201, B202: hiding a metric, a gauge for a counter and lost buckets are one strategy each", async () => {
  const scrapeWith = (exposeMetrics: Policies["exposeMetrics"]) => scrape({ ...healthy, exposeMetrics });
  const lines = (page: string, keep: (line: string) => boolean) => page.split("\n").filter(keep).join("\n");
  expect(
    await scrapeWith((page) => lines(page, (line) => !line.includes("websocket_slow_clients"))),
  ).not.toContain("websocket_slow_clients");
  expect(await scrapeWith((page) => page.replace(/(_total) counter$/gm, "$1 gauge"))).toContain(
    "# TYPE websocket_messages_received_total gauge",
  );
  expect(await scrapeWith((page) => lines(page, (line) => !line.includes("_bucket{")))).not.toContain(
    "_bucket{",
  );
});

test("B11, B205: a leaking gauge and retries counted as new are one strategy each", () => {
  expect([healthy.leavesTheGauge(1006), healthy.leavesTheGauge(1000)]).toEqual([true, true]);
  expect([undefined, "0", "1", "x"].map((attempt) => healthy.isReconnection(attempt))).toEqual([
    false,
    false,
    true,
    false,
  ]);
});
