import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Every series of this server under the names of D41–D69, with Node's own (heap, GC, loop lag, descriptors). */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ) => new Histogram({ name, help, buckets: [...buckets], labelNames, registers });

  return {
    registry,
    connectionsActive: gauge("websocket_connections_active", "open WebSocket connections (D41)"),
    connectionsMax: gauge("websocket_connections_max", "connections this instance accepts at most (A133)"),
    handshakes: counter("websocket_handshakes_total", "upgrade requests by result (D42)", ["result"]),
    connectionErrors: counter("websocket_connection_errors_total", "failed connections by stage (D43)", [
      "stage",
    ]),
    connectionSeconds: histogram(
      "websocket_connection_duration_seconds",
      "life of a connection (D44)",
      [0.1, 1, 5, 15, 60, 300, 1_800, 7_200, 43_200],
    ),
    received: counter("websocket_messages_received_total", "SEND frames received (D45)"),
    sent: counter("websocket_messages_sent_total", "MESSAGE frames queued for clients (D45)"),
    processingSeconds: histogram(
      "websocket_message_processing_seconds",
      "time of a message in one stage: queue, db, publish, write (D46)",
      durationBuckets,
      ["stage"],
    ),
    messageBytes: histogram(
      "websocket_message_bytes",
      "body of a received SEND (D47)",
      [64, 128, 256, 512, 1_024, 4_096, 16_384, 65_536],
    ),
    sendQueueDepth: histogram(
      "websocket_send_queue_depth",
      "messages waiting per connection, sampled over all connections once a second (D48)",
      [0, 1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512],
    ),
    sendQueueBytes: gauge("websocket_send_queue_bytes", "bytes waiting for clients, all connections (D49)"),
    slowClients: gauge("websocket_slow_clients", "connections whose oldest message waits over 1 s (D50)"),
    evictions: counter("websocket_evictions_total", "clients closed for not reading, by limit (D51)", [
      "reason",
    ]),
    closes: counter("websocket_closes_total", "closed connections (D52)", ["code", "initiator"]),
    reconnections: counter("websocket_reconnections_total", "CONNECTs that say they are a retry (D53)"),
    queueRejected: counter("work_queue_rejected_total", "messages refused, by queue (D56)", ["queue"]),
    dbPoolMax: gauge("db_pool_max", "Postgres connections at most (A81)"),
    relayPublished: counter("relay_published_total", "messages published to the relay (D59)"),
    relayReceived: counter("relay_received_total", "messages received from the relay (D59)"),
    relayReplayed: counter("relay_replayed_total", "messages fetched from the relay's log after a break"),
    relayPublishErrors: counter("relay_publish_errors_total", "publishes that failed and are retried (A98)"),
    relayLagSeconds: histogram(
      "relay_lag_seconds",
      "publish to receipt through Redis (D59)",
      durationBuckets,
    ),
    authFailures: counter("auth_failures_total", "refused identities (D65)", ["stage", "reason"]),
    /** The gauges of pool and queues, read when they are asked for. */
    watch({ pool, persist, outbox }: GaugeSources): void {
      const poolGauge = (name: string, help: string, part: "used" | "idle" | "waiting") =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(pool()[part]);
          },
        });
      poolGauge("db_pool_used", "Postgres connections in use (D58)", "used");
      poolGauge("db_pool_idle", "idle Postgres connections (D58)", "idle");
      poolGauge("db_pool_waiting", "callers waiting for a Postgres connection (D58)", "waiting");
      new Gauge({
        name: "work_queue_depth",
        help: "messages waiting (D56)",
        labelNames: ["queue"],
        registers,
        collect() {
          this.set({ queue: "persist" }, persist());
          this.set({ queue: "outbox" }, outbox());
        },
      });
    },
  };
}

export interface GaugeSources {
  pool(): { readonly used: number; readonly idle: number; readonly waiting: number };
  persist(): number;
  outbox(): number;
}
