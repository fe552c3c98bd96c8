import type { Preset } from "../presets.ts";

/** What the sources call the practice of the industry; the server's own defaults are the same. */
export default {
  name: "industry-default",
  summary: "the practice of the industry: beats of 25 s, 64 KB, limits by user and by session",
  requirement: "H29",
  env: {
    HEARTBEAT_MS: "25000",
    SOCKJS_HEARTBEAT_MS: "25000",
    MAX_MESSAGE_BYTES: "65536",
    EVICT_BYTES: "524288",
    USER_RATE: "10/1000",
    SESSION_RATE: "10/1000",
    RELAY: "pubsub",
    ORDERING: "seq",
    REPLAY_WINDOW_MS: "86400000",
    BUFFER_TTL_MS: "300000",
    PRESENCE: "push",
    PRESENCE_TTL_MS: "45000",
  },
} satisfies Preset;
