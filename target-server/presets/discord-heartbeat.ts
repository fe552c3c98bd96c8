import type { Preset } from "../presets.ts";

/** A beat so slow that a load balancer's idle limit of 60 s leaves room for one only. */
export default {
  name: "discord-heartbeat",
  summary: "Discord: beats of 41.25 s",
  requirement: "H7",
  env: { HEARTBEAT_MS: "41250" },
} satisfies Preset;
