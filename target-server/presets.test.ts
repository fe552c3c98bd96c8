import { expect, test } from "vitest";
import { describeConfig, readConfig } from "./config.ts";
import { healthy } from "./policies.ts";
import { presets } from "./presets.ts";

const needed = { JWT_SECRET: "0123456789abcdef0123456789abcdef" };
const withPreset = (PRESET: string, more: Record<string, string> = {}) => {
  const { config, mistakes } = readConfig({ ...needed, PRESET, ...more });
  expect(mistakes).toBeUndefined();
  return config!;
};

const names = ["bracit", "chat-1m", "discord-heartbeat", "global-chat", "industry-default"];

test("H1, H3, H4, H7, H29: the five systems are there, each under its file's name", () => {
  expect([...presets.keys()]).toEqual(names);
});

test.each([...presets.values()].map((preset) => [preset.name, preset] as const))(
  "%s is valid, and --help lists it",
  (name, preset) => {
    withPreset(name);
    expect(describeConfig()).toContain(name);
    expect(describeConfig()).toContain(preset.summary);
  },
);

test.each(names)(
  "I32, H7: with %s presence outlives a dead client, and beats a proxy's idle limit of 60 s",
  (name) => {
    const { beatMs, delivery } = withPreset(name);
    expect(healthy.peerIsDead(delivery.presence.ttlMs, beatMs)).toBe(true);
    expect(beatMs).toBeLessThan(60_000);
  },
);

test("A53, H1: bracit beats every 10 s, takes 32 KB and lets 128 KB wait", () => {
  expect(withPreset("bracit")).toMatchObject({
    beatMs: 10_000,
    messageBytesMax: 32_768,
    eviction: { bytes: 131_072 },
    connectionsMax: 20_000,
    connectionsTarget: 5_000,
  });
});

test("H1: bracit has the sources' pools, limit, buffer, fallback and topic", () => {
  expect(withPreset("bracit")).toMatchObject({
    work: { lanes: 8, capacity: 500 },
    outboxCapacity: 1_000,
    limits: { userRate: { count: 10, windowMs: 1_000 } },
    sockJs: { heartbeatMs: 25_000, disconnectDelayMs: 5_000 },
    relay: "pubsub",
    ingressStream: "loan.decisions",
    delivery: { buffer: { ttlMs: 300_000 }, presence: { ttlMs: 35_000 } },
  });
});

test("H3, H27: chat-1m is full at 10,000, with a queue for each room in place of a partition", () => {
  expect(withPreset("chat-1m")).toMatchObject({
    connectionsMax: 10_000,
    connectionsTarget: 10_000,
    ordering: { mode: "room-queue" },
    relay: "pubsub",
    limits: { userRate: { count: 30, windowMs: 10_000 } },
    delivery: { receiptWindowMs: 500, presence: { mode: "push" } },
  });
});

test("H4, A94: global-chat relays by streams", () => {
  expect(withPreset("global-chat")).toMatchObject({ relay: "streams", ordering: { mode: "seq" } });
});

test("H7, A119: with discord-heartbeat only who asks hears of presence", () => {
  expect(withPreset("discord-heartbeat").delivery.presence).toMatchObject({ mode: "lazy", ttlMs: 75_000 });
});

test("A53, H7: discord-heartbeat beats every 41.25 s, and less at a smaller time scale", () => {
  expect(withPreset("discord-heartbeat").beatMs).toBe(41_250);
  expect(withPreset("discord-heartbeat", { TIME_SCALE: "0.1" }).beatMs).toBe(4_125);
});

test("H29: industry-default is what the server does by itself", () => {
  expect(withPreset("industry-default")).toEqual(readConfig(needed).config);
});

test("a variable of the environment goes before the preset's", () => {
  const config = withPreset("bracit", { HEARTBEAT_MS: "12000" });
  expect([config.beatMs, config.messageBytesMax]).toEqual([12_000, 32_768]);
});

test("a preset that does not exist is a mistake that names those that do", () => {
  expect(readConfig({ ...needed, PRESET: "bracket" }).mistakes).toEqual([
    `PRESET is "bracket", but must be one of ${names.join(", ")}`,
  ]);
});
