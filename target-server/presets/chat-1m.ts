import type { Preset } from "../presets.ts";

/** A hundred instances of 10,000 connections each. */
export default {
  name: "chat-1m",
  summary: "chat for a million: instances that are meant to be full, at 10,000 connections",
  requirement: "H3",
  env: { MAX_CONNECTIONS: "10000", TARGET_CONNECTIONS: "10000" },
} satisfies Preset;
