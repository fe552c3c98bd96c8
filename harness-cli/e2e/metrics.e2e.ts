import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

/** What a scrape of a live instance must say of itself: the contract that the harness and any dashboard rely on. */
const WAIT_MS = 30_000;
const ROOM = "metrics";

type Type = "counter" | "gauge" | "histogram";

/** Requirement, type, name, and a labelled series that must have been counted by what `beforeAll` does. */
const contract: readonly (readonly [ids: string, type: Type, name: string, series?: string])[] = [
  ["D41, A130, A131", "gauge", "websocket_connections_active", "websocket_connections_active"],
  ["D42", "counter", "websocket_handshakes_total", 'websocket_handshakes_total{result="accepted"}'],
  [
    "D43, A130",
    "counter",
    "websocket_connection_errors_total",
    'websocket_connection_errors_total{stage="connect"}',
  ],
  [
    "D44",
    "histogram",
    "websocket_connection_duration_seconds",
    "websocket_connection_duration_seconds_count",
  ],
  ["D45, A130", "counter", "websocket_messages_received_total", "websocket_messages_received_total"],
  ["D45, A130", "counter", "websocket_messages_sent_total", "websocket_messages_sent_total"],
  [
    "D46, A130, A131",
    "histogram",
    "websocket_message_processing_seconds",
    'websocket_message_processing_seconds_count{stage="db"}',
  ],
  ["D47", "histogram", "websocket_message_bytes", "websocket_message_bytes_count"],
  ["D48, A131", "histogram", "websocket_send_queue_depth", "websocket_send_queue_depth_count"],
  ["D49, A75, A131", "gauge", "websocket_send_queue_bytes"],
  ["A75", "gauge", "process_memory_limit_bytes", 'process_memory_limit_bytes{of="heap"}'],
  ["D50, A131", "gauge", "websocket_slow_clients"],
  ["D51", "counter", "websocket_evictions_total"],
  [
    "D52, A131",
    "counter",
    "websocket_closes_total",
    'websocket_closes_total{code="1008",initiator="server"}',
  ],
  ["D53, A131", "counter", "websocket_reconnections_total", "websocket_reconnections_total"],
  ["D55", "gauge", "room_messages_last_hour", `room_messages_last_hour{room="${ROOM}"}`],
  ["D55", "gauge", "room_subscriptions", `room_subscriptions{room="${ROOM}"}`],
  ["D56, A72, A73", "gauge", "work_queue_depth"],
  ["D56", "counter", "work_queue_rejected_total"],
  ["D57, A135, A136", "gauge", "nodejs_heap_size_used_bytes", "nodejs_heap_size_used_bytes"],
  ["D57, A136", "gauge", "process_resident_memory_bytes", "process_resident_memory_bytes"],
  ["D57, A135", "histogram", "nodejs_gc_duration_seconds"],
  ["D57, A59, A135", "histogram", "event_loop_lag_seconds", "event_loop_lag_seconds_count"],
  ["A59", "histogram", "websocket_heartbeat_lateness_seconds", "websocket_heartbeat_lateness_seconds_count"],
  ["D58", "gauge", "db_pool_used"],
  ["D58", "gauge", "db_pool_idle"],
  ["D58", "gauge", "db_pool_waiting"],
  ["D58, A81", "histogram", "db_pool_acquire_seconds", "db_pool_acquire_seconds_count"],
  ["D59", "counter", "relay_published_total", "relay_published_total"],
  ["D59", "counter", "relay_received_total", "relay_received_total"],
  ["D59", "histogram", "relay_lag_seconds", "relay_lag_seconds_count"],
  ["D59, A98", "counter", "relay_publish_errors_total"],
  ["D17, D59", "histogram", "redis_ping_seconds", 'redis_ping_seconds_count{connection="commands"}'],
  ["D65, A30", "counter", "auth_failures_total"],
  ["D66", "counter", "rate_limited_total"],
  ["D67", "counter", "replay_messages_total"],
  ["D67", "counter", "replay_gap_total"],
  ["D67", "gauge", "offline_buffer_length"],
  ["D69, A10", "gauge", "process_open_fds", "process_open_fds"],
  ["D69, A10", "gauge", "process_max_fds", "process_max_fds"],
  ["A133", "gauge", "websocket_connections_max", "websocket_connections_max"],
  ["A133", "gauge", "websocket_target_connections", "websocket_target_connections"],
  ["A58", "gauge", "websocket_subscriptions_active", "websocket_subscriptions_active"],
];

let system: ReferenceSystem;
let client: WebSocket;
let page: string;

beforeAll(async () => {
  system = await bringUpReference(1, 1, { DRAIN_MS: "100" });
  const heard = new Set<string>();
  client = await open();
  client.on("message", (data) => heard.add(String(data).split("\n", 1)[0]!));
  const authorization = `Authorization:Bearer ${await system.token("ann")}`;
  client.send(
    `CONNECT\naccept-version:1.2\nhost:x\nheart-beat:0,0\nconnect-attempt:1\n${authorization}\n\n\0`,
  );
  client.send(`SUBSCRIBE\nid:1\ndestination:/topic/room.${ROOM}\nreceipt:s\n\n\0`);
  client.send(`SEND\ndestination:/app/chat.send/${ROOM}\nreceipt:m\n\n{"content":"x"}\0`);
  await vi.waitFor(() => expect([...heard].sort()).toEqual(["CONNECTED", "MESSAGE", "RECEIPT"]), {
    timeout: WAIT_MS,
  });
  const stranger = await open();
  const closed = new Promise((resolve) => stranger.once("close", resolve));
  stranger.send("SEND\ndestination:/app/chat.send/a\n\n\0");
  await closed;
  // The first sampling of all connections, the first ping of Redis.
  await vi.waitFor(
    async () => {
      page = await (await fetch(system.page(1, "/metrics"))).text();
      for (const series of [
        "websocket_send_queue_depth_count",
        'redis_ping_seconds_count{connection="commands"}',
      ]) {
        expect(sampleOf(series)).toBeGreaterThan(0);
      }
    },
    { timeout: WAIT_MS, interval: 100 },
  );
});

afterAll(async () => {
  client?.terminate();
  await system?.[Symbol.asyncDispose]();
});

async function open(): Promise<WebSocket> {
  const ws = new WebSocket(system.endpoint(1), ["v12.stomp"], { origin: system.origin });
  await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
  return ws;
}

function sampleOf(series: string): number {
  const line = page.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

const typeOf = (name: string) => new RegExp(`^# TYPE ${name} (\\w+)$`, "m").exec(page)?.[1];

describe("a live instance exports", () => {
  const rows = contract.map(([ids, type, name, series]) => ({ ids, type, name, series }));
  test.each(rows)("$ids: $type $name, with help", ({ type, name, series }) => {
    expect(typeOf(name)).toBe(type);
    expect(page).toMatch(new RegExp(`^# HELP ${name} \\S.{5,}$`, "m"));
    if (series !== undefined) expect(sampleOf(series)).toBeGreaterThan(0);
  });

  test("D41–D69, A75, A81, A130, A131, A132, A136, B201: every series of it has the type that its name promises", () => {
    const types = [...page.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(
      (match) => [match[1]!, match[2]!] as const,
    );
    expect(types.length).toBeGreaterThan(contract.length);
    const wrong = types.filter(
      ([name, type]) =>
        name.endsWith("_total") !== (type === "counter") &&
        // Node's own, which are gauges of what is there now
        !/^nodejs_active_(handles|requests|resources)_total$/.test(name),
    );
    expect(wrong).toEqual([]);
  });

  test("D46, A130, A135, B202: histograms have buckets that can be added over instances, in seconds", () => {
    for (const [, type, name] of contract) {
      if (type !== "histogram" || name === "nodejs_gc_duration_seconds") continue;
      const edges = [...page.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"`, "gm"))].map((m) => m[1]);
      expect(edges.length, name).toBeGreaterThan(5);
      expect(edges, name).toContain("+Inf");
    }
  });

  test("D17: the limit of Redis, 1 ms, is an edge of its buckets", () => {
    expect(sampleOf('redis_ping_seconds_bucket{le="0.001",connection="commands"}')).toBeGreaterThanOrEqual(0);
  });

  test("A133: the gauges show the settings", () => {
    expect([sampleOf("websocket_connections_max"), sampleOf("websocket_target_connections")]).toEqual([
      10_000, 5_000,
    ]);
  });

  test("A58, D41, B11: connections and subscriptions are what is open now", async () => {
    expect([sampleOf("websocket_connections_active"), sampleOf("websocket_subscriptions_active")]).toEqual([
      1, 1,
    ]);
    client.terminate();
    await vi.waitFor(
      async () => {
        page = await (await fetch(system.page(1, "/metrics"))).text();
        expect([
          sampleOf("websocket_connections_active"),
          sampleOf("websocket_subscriptions_active"),
        ]).toEqual([0, 0]);
      },
      { timeout: WAIT_MS, interval: 50 },
    );
  });
});
