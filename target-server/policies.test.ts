import { describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";
import type { ChatMessage } from "./message.ts";
import { availableDefects, loadDefect } from "./mutants.ts";
import { healthy, type Persisted } from "./policies.ts";

const message: ChatMessage = {
  id: "m",
  roomId: "r",
  senderId: "ann",
  clientMessageId: "c",
  content: "hi",
  ts: 1,
  serverId: "server-1",
};

describe("A4: origins", () => {
  const rules = {
    allowed: [
      "https://app.example.com",
      "http://localhost:*",
      "https://*.myapp.com",
      "https://odd.example:8443",
    ],
    required: true,
  };
  test.each([
    "https://app.example.com",
    "http://localhost",
    "http://localhost:5173",
    "https://a.myapp.com",
    "https://odd.example:8443",
  ])("%s may come in", (origin) => {
    expect(healthy.acceptOrigin(origin, rules)).toBe(true);
  });
  test.each([
    "http://app.example.com",
    "https://app.example.com:444",
    "https://app.example.com.evil.io",
    "https://evil.io/https://app.example.com",
    "https://app.example.com@evil.io",
    "https://myapp.com",
    "https://a.b.myapp.com",
    "https://evilmyapp.com",
    "https://localhost",
    "https://odd.example",
    "null",
    "",
    "*",
  ])("%j stays out", (origin) => {
    expect(healthy.acceptOrigin(origin, rules)).toBe(false);
  });
  test("A5: a missing Origin is refused only where one is required", () => {
    expect(healthy.acceptOrigin(undefined, rules)).toBe(false);
    expect(healthy.acceptOrigin(undefined, { ...rules, required: false })).toBe(true);
  });
});

test("A54: dead after one and a half intervals of silence", () => {
  expect(healthy.peerIsDead(37_500, 25_000)).toBe(false);
  expect(healthy.peerIsDead(37_501, 25_000)).toBe(true);
});

test.each([
  [{ depth: 256, bytes: 524_288, ageMs: 20_000 }, undefined],
  [{ depth: 257, bytes: 0, ageMs: 0 }, "depth"],
  [{ depth: 2, bytes: 524_289, ageMs: 0 }, "bytes"],
  [{ depth: 1, bytes: 524_289, ageMs: 0 }, undefined],
  [{ depth: 1, bytes: 1, ageMs: 20_001 }, "age"],
] as const)("I72, A64: %j gives %s", (waiting, reason) => {
  expect(healthy.evict(waiting, { depth: 256, bytes: 524_288, ageMs: 20_000 })).toBe(reason);
});

describe("A79: stored first, told second", () => {
  async function order(policies: typeof healthy, persisted: Persisted): Promise<string[]> {
    const steps: string[] = [];
    await policies.accept(message, {
      persist: async () => {
        steps.push("persist");
        return persisted;
      },
      broadcast: () => steps.push("broadcast"),
    });
    return steps;
  }

  test("A79, A144: only a message that is newly stored is told", async () => {
    expect(await order(healthy, { how: "stored" })).toEqual(["persist", "broadcast"]);
    expect(await order(healthy, { how: "duplicate" })).toEqual(["persist"]);
    expect(await order(healthy, { how: "rejected", reason: "" })).toEqual(["persist"]);
    expect(await order(healthy, { how: "unknown", reason: "" })).toEqual(["persist"]);
  });

  test("B38: the defect tells it first, also when it is never stored", async () => {
    const sick = (await loadDefect("broadcast-before-persist")).apply(healthy);
    expect(await order(sick, { how: "rejected", reason: "" })).toEqual(["broadcast", "persist"]);
  });
});

test("B42: with the in-memory broker a broadcast never meets the relay", async () => {
  const sick = (await loadDefect("in-memory-broker-in-cluster")).apply(healthy);
  const heard: number[] = [];
  const publish = sick.broadcast({
    relay: () => Promise.reject(new Error("the relay was used")),
    local: (_message, seq) => heard.push(seq),
  });
  expect([await publish(message), await publish(message)]).toEqual([1, 2]);
  expect(heard).toEqual([1, 2]);
});

test("B22, A121: a healthy stop says so, closes and flushes; the defect only cuts", async () => {
  const stopped = async (policies: typeof healthy) => {
    const did: string[] = [];
    await policies.stop({
      notice: () => did.push("notice"),
      noticeToAll: async () => void did.push("notice to all"),
      closeInWaves: async () => void did.push("waves"),
      flush: async () => void did.push("flush"),
      cutAll: () => did.push("cut"),
    });
    return did;
  };
  expect(await stopped(healthy)).toEqual(["notice", "waves", "flush"]);
  expect(await stopped((await loadDefect("abrupt-close-1006")).apply(healthy))).toEqual(["cut"]);
});

test("A142: every file in defects/ is a defect of the same name that changes something", async () => {
  expect(availableDefects().length).toBeGreaterThanOrEqual(3);
  for (const name of availableDefects()) {
    const defect = await loadDefect(name);
    expect(defect.name).toBe(name);
    expect(defect.apply(healthy)).not.toEqual(healthy);
    expect(Object.keys(defect.apply(healthy)).sort()).toEqual(Object.keys(healthy).sort());
  }
});

describe("configuration", () => {
  test("all mistakes at once, each with what is wrong", () => {
    const { mistakes } = readConfig({
      PORT: "99999",
      TIME_SCALE: "-1",
      MUTANTS: "no-such-defect",
      ALLOWED_ORIGINS: "*",
      REQUIRE_ORIGIN: "yes",
      LOG_LEVEL: "loud",
      ORDERING: "vector-clocks",
      TIER_ACCESS: "members",
      DRAIN_MS: "",
    });
    expect(mistakes?.map((mistake) => mistake.split(" ")[0]).sort()).toEqual([
      "ALLOWED_ORIGINS",
      "DRAIN_MS",
      "JWT_SECRET",
      "LOG_LEVEL",
      "MUTANTS",
      "ORDERING",
      "PORT",
      "REQUIRE_ORIGIN",
      "TIER_ACCESS",
      "TIME_SCALE",
    ]);
  });

  test("I85: one factor scales beats, deadlines and drain together, and no sizes", () => {
    const { config } = readConfig({ JWT_SECRET: "s", TIME_SCALE: "0.1" });
    expect(config).toMatchObject({
      beatMs: 2_500,
      firstMessageMs: 3_000,
      drainMs: 3_000,
      eviction: { depth: 256, bytes: 524_288, ageMs: 2_000 },
      messageBytesMax: 65_536,
    });
  });
});
