import type { Preset } from "../presets.ts";

/** Loan notifications for 15,000 clients on three instances: small messages, small buffers, quick beats. */
export default {
  name: "bracit",
  summary:
    "BRAC IT: beats of 10 s, messages up to 32 KB, 128 KB waiting for a client, loan decisions by stream",
  requirement: "H1",
  env: {
    HEARTBEAT_MS: "10000",
    SOCKJS_HEARTBEAT_MS: "25000",
    SOCKJS_DISCONNECT_DELAY_MS: "5000",
    MAX_MESSAGE_BYTES: "32768",
    EVICT_BYTES: "131072",
    EVICT_AGE_MS: "20000",
    FIRST_MESSAGE_MS: "30000",
    MAX_CONNECTIONS: "20000",
    TARGET_CONNECTIONS: "5000",
    WORK_LANES: "8",
    WORK_CAPACITY: "500",
    OUTBOX_CAPACITY: "1000",
    USER_RATE: "10/1000",
    RELAY: "pubsub",
    // Its Kafka topic (I84).
    INGRESS_STREAM: "loan.decisions",
    BUFFER_TTL_MS: "300000",
    // Enough at these beats, where a dead client is noticed after 15 s (I32).
    PRESENCE_TTL_MS: "35000",
  },
} satisfies Preset;
