import type { Preset } from "../presets.ts";

/** One region of it: two regions need two of these systems. */
export default {
  name: "global-chat",
  summary: "a chat over regions, one of them: the relay by Redis Streams, history for a day",
  requirement: "H4",
  env: { RELAY: "streams", ORDERING: "seq", REPLAY_WINDOW_MS: "86400000" },
} satisfies Preset;
