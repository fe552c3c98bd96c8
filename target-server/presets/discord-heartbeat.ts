import type { Preset } from "../presets.ts";

/** A beat so slow that a load balancer's idle limit of 60 s leaves room for one only. */
export default {
  name: "discord-heartbeat",
  summary: "Discord: beats of 41.25 s, presence only for who asks",
  requirement: "H7",
  env: {
    HEARTBEAT_MS: "41250",
    PRESENCE: "lazy",
    // Above the 61.9 s after which a dead client is noticed (I32).
    PRESENCE_TTL_MS: "75000",
  },
} satisfies Preset;
