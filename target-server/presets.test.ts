import { expect, test } from "vitest";
import { describeConfig, readConfig } from "./config.ts";
import { presets } from "./presets.ts";

const needed = { JWT_SECRET: "0123456789abcdef0123456789abcdef" };
const withPreset = (PRESET: string, more: Record<string, string> = {}) => {
  const { config, mistakes } = readConfig({ ...needed, PRESET, ...more });
  expect(mistakes).toBeUndefined();
  return config!;
};

test("H1, H3, H7, H29: the four systems are there, each under its file's name", () => {
  expect([...presets.keys()]).toEqual(["bracit", "chat-1m", "discord-heartbeat", "industry-default"]);
});

test.each([...presets.values()].map((preset) => [preset.name, preset] as const))(
  "%s is valid, and --help lists it",
  (name, preset) => {
    withPreset(name);
    expect(describeConfig()).toContain(name);
    expect(describeConfig()).toContain(preset.summary);
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
    'PRESET is "bracket", but must be one of bracit, chat-1m, discord-heartbeat, industry-default',
  ]);
});
