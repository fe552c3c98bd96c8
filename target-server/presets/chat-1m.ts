import type { Preset } from "../presets.ts";

/** A hundred instances of 10,000 connections each. */
export default {
  name: "chat-1m",
  summary:
    "chat for a million: instances that are meant to be full, at 10,000 connections, a queue for each room",
  requirement: "H3",
  env: {
    MAX_CONNECTIONS: "10000",
    TARGET_CONNECTIONS: "10000",
    RELAY: "pubsub",
    // In place of a partition of Kafka for each room (H27).
    ORDERING: "room-queue",
    PRESENCE: "push",
    // The limit that the same source gives (A68).
    USER_RATE: "30/10000",
    RECEIPT_WINDOW_MS: "500",
  },
} satisfies Preset;
