import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { collectProcessMetrics } from "./process-metrics.ts";

export type Metrics = ReturnType<typeof createMetrics>;

const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Every series of this server under the names of D41–D69, with Node's own (heap, GC, loop lag, descriptors). */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectProcessMetrics(registry);
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
    connectionsTarget: gauge(
      "websocket_target_connections",
      "connections this instance is meant for; more want another instance (A133)",
    ),
    heartbeatLateness: histogram(
      "websocket_heartbeat_lateness_seconds",
      "lateness of the timer that beats, pings and reaps (A59)",
      [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    ),
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
    nacks: counter("stomp_nacks_total", "messages refused with NACK, by what became of them", ["next"]),
    closes: counter("websocket_closes_total", "closed connections (D52)", ["code", "initiator"]),
    reconnections: counter("websocket_reconnections_total", "CONNECTs that say they are a retry (D53)"),
    queueRejected: counter("work_queue_rejected_total", "messages refused, by queue (D56)", ["queue"]),
    dbAcquireSeconds: histogram(
      "db_pool_acquire_seconds",
      "wait for a Postgres connection of the pool (A81, D58)",
      durationBuckets,
    ),
    redisPingSeconds: histogram(
      "redis_ping_seconds",
      "round trip of a PING once a second, by connection (D17, D59)",
      durationBuckets,
      ["connection"],
    ),
    dbPoolMax: gauge("db_pool_max", "Postgres connections at most (A81)"),
    relayPublished: counter("relay_published_total", "messages published to the relay (D59)"),
    relayReceived: counter("relay_received_total", "messages received from the relay (D59)"),
    relayFleeting: counter(
      "relay_fleeting_total",
      "typing and presence through the relay: told once, never caught up with (A116)",
      ["direction"],
    ),
    relayReplayed: counter("relay_replayed_total", "messages fetched from the relay's log after a break"),
    relayPublishErrors: counter("relay_publish_errors_total", "publishes that failed and are retried (A98)"),
    relayLagSeconds: histogram(
      "relay_lag_seconds",
      "publish to receipt through Redis (D59)",
      durationBuckets,
    ),
    replayed: counter("replay_messages_total", "messages sent once more to clients that came back (D67)"),
    replayGaps: counter("replay_gap_total", "resumes that were told of a gap (D67)"),
    offlineBufferLength: gauge(
      "offline_buffer_length",
      "items in the offline buffer that this instance wrote to last (D67)",
    ),
    offlineItems: counter("offline_buffer_items_total", "items of offline buffers, by what became of them", [
      "what",
    ]),
    userPushes: counter("user_pushes_total", "messages to one user, by result (A101)", ["result"]),
    ingressEvents: counter(
      "ingress_events_total",
      "events of other systems from the stream, by result (A101)",
      ["result"],
    ),
    receipts: counter("message_receipts_total", "new receipts of messages, by status (A114)", ["status"]),
    presenceMessages: counter("presence_messages_total", "changes of presence told to rooms (I90)"),
    typingDropped: counter("typing_dropped_total", "typing events over the rate, dropped (A43)"),
    authFailures: counter("auth_failures_total", "refused identities (D65)", ["stage", "reason"]),
    rateLimited: counter(
      "rate_limited_total",
      "what was over a limit: messages, handshakes, sessions (D66)",
      ["scope"],
    ),
    countedAlone: counter(
      "counted_alone_total",
      "SENDs and sessions that this instance counted by itself: Redis did not answer (B158)",
      ["what"],
    ),
    /** The gauges of pool and queues, read when they are asked for. */
    watch({ pool, persist, outbox, roomQueues }: GaugeSources): void {
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
      new Gauge({
        name: "room_queues",
        help: "rooms that have a queue now, with ORDERING=room-queue or lock (A105)",
        registers,
        collect() {
          this.set(roomQueues());
        },
      });
    },
  };
}

export interface GaugeSources {
  pool(): { readonly used: number; readonly idle: number; readonly waiting: number };
  persist(): number;
  outbox(): number;
  roomQueues(): number;
}
