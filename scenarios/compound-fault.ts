import {
  chatBounds,
  chatChecks,
  chatExplain,
  chatParams,
  chatTiming,
  chatters,
  chatWarmUpMs,
} from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** The baseline that both ends are compared with. */
const BASELINE_MS = 5_000;
/** How long the wider fault lasts; the sharper one falls into its middle. */
const WIDE_MS = 8_000;
const SHARP_AFTER_MS = 2_000;
const SHARP_MS = 2_000;

/** The cascades that the sources name (S0:50-54, S0:435), each as the faults that make it, from their common start. */
const compounds: Readonly<Record<string, (fromMs: number) => readonly string[]>> = {
  // C7 during E27: all who lost their instance come back at once, and every login and send waits for the database.
  "storm-slow-database": (fromMs) => [
    `latency@${span(fromMs, 0, WIDE_MS)}:server-all/postgres,latencyMs=500,stream=downstream`,
    `kill@${span(fromMs, SHARP_AFTER_MS, SHARP_MS)}:server-any`,
  ],
  // E17 during C8: instances are replaced one after the other while nobody can tell the others anything.
  "deploy-without-redis": (fromMs) => [
    `terminate@${span(fromMs, 0, WIDE_MS / 2)}:server-1`,
    `terminate@${span(fromMs, WIDE_MS / 2, WIDE_MS / 2)}:server-2`,
    `kill@${span(fromMs, SHARP_AFTER_MS, SHARP_MS)}:redis`,
  ],
};

/** C64: two faults that each heal alone may hold each other in force; after both, everything must be as before. */
export default defineScenario({
  name: "compound-fault",
  summary: "two faults at once under steady chat; when both are over nothing of them may stay",
  requirement: ["C64"],
  params: {
    ...chatParams,
    compound: "storm-slow-database",
    clients: 90,
    rampMs: 5_000,
    holdMs: 36_000,
    publishEveryMs: 2_000,
  },
  explain: {
    ...chatExplain,
    compound:
      "which two: storm-slow-database kills an instance while every statement waits 500 ms; deploy-without-redis stops two instances one after the other while Redis is away",
    holdMs: "time for which they publish; the faults begin after the first 7 s of it and last 8 s",
  },
  bounds: {
    ...chatBounds,
    compound: Object.keys(compounds),
    // The faults, the 20 s in which recovery is judged, and a look at what stays.
    holdMs: [28_000, 3_600_000],
  },
  checks: [...chatChecks, "reconnect-spread"],
  // A message is several statements of 500 ms each, behind everybody who logs in again. What is asked here is that it
  // arrives, and what the phases afterwards look like.
  limits: ["delivery-p99.fault=10000"],
  faults({ rampMs, compound }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return (compounds[compound]?.(fromMs) ?? []).map((fault) => `${fault},schedule=${compound}`);
  },
  timing: chatTiming,
  roles: (params) => ({ chatter: chatters(params) }),
});

function span(fromMs: number, afterMs: number, lastsMs: number): string {
  return `${fromMs + afterMs}ms..${fromMs + afterMs + lastsMs}ms`;
}
