import { describe, expect, test } from "vitest";
import { announced } from "./drain.ts";
import { loadDefect } from "./mutants.ts";
import { healthy, type Policies } from "./policies.ts";

const sick = async (name: string): Promise<Policies> => (await loadDefect(name)).apply(healthy);

describe("A121-A125: a planned stop", () => {
  async function stopped(policies: Policies): Promise<string[]> {
    const did: string[] = [];
    await policies.stop({
      notice: () => did.push("notice"),
      noticeToAll: async () => void did.push("notice to all"),
      closeInWaves: async (share = 1) => void did.push(`waves ${share.toFixed(2)}`),
      flush: async () => void did.push("flush"),
      cutAll: () => did.push("cut"),
    });
    return did;
  }

  test.each([
    ["no-shutdown-notice", ["waves 1.00", "flush"]],
    ["notice-broadcast-cluster-wide", ["notice to all", "waves 1.00", "flush"]],
    ["drain-shorter-than-notice", ["notice", "waves 0.23", "flush"]],
  ])("B21, B23, B25: %s", async (name, steps) => {
    expect(await stopped(healthy)).toEqual(["notice", "waves 1.00", "flush"]);
    expect(await stopped(await sick(name))).toEqual(steps);
  });

  test("A122, A123: what is announced is a range that ends with the last wave, within the drain", () => {
    expect(announced(30_000)).toEqual({ min: 5_000, max: 24_000 });
    expect(announced(3_000)).toEqual({ min: 500, max: 2_400 });
  });
});

describe("A79, B28: what is confirmed is stored", () => {
  test("the defect confirms before it is, and stores after a while", async () => {
    const steps: string[] = [];
    const persist = async () => {
      steps.push("persist");
      return { how: "stored" } as const;
    };
    const accept = async (policies: Policies) => {
      steps.length = 0;
      const outcome = await policies.accept({}, { persist, broadcast: () => steps.push("broadcast") });
      return [...steps, outcome.how];
    };
    expect(await accept(healthy)).toEqual(["persist", "broadcast", "stored"]);
    expect(await accept(await sick("in-flight-lost-on-shutdown"))).toEqual(["broadcast", "stored"]);
  });
});

describe("A63, B104: the broadcast loop", () => {
  test("goes on while somebody has not taken what came before; the defect's waits", async () => {
    const run = async (policies: Policies) => {
      const delivered: number[] = [];
      const slow = Promise.withResolvers<void>();
      policies.fanOut(
        () => delivered.push(1),
        () => slow.promise,
      );
      policies.fanOut(
        () => delivered.push(2),
        () => slow.promise,
      );
      await Promise.resolve();
      const meanwhile = [...delivered];
      slow.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      return { meanwhile, afterwards: delivered };
    };
    expect(await run(healthy)).toEqual({ meanwhile: [1, 2], afterwards: [1, 2] });
    expect(await run(await sick("head-of-line-blocking"))).toEqual({ meanwhile: [1], afterwards: [1, 2] });
  });
});

describe("I46, A128: health", () => {
  test("B187: a store that is away makes nobody dead; by the defect it does", async () => {
    const away = async () => "away";
    const there = async () => undefined;
    expect(await healthy.isAlive(away)).toBe(true);
    const defect = await sick("health-check-on-redis-kills-fleet");
    expect(await defect.isAlive(away)).toBe(false);
    expect(await defect.isAlive(there)).toBe(true);
  });

  test("B188: a check opens nothing; the defect's does, and never gives it back", async () => {
    const count = async (policies: Policies) => {
      let open = 0;
      const answer = await policies.askRedis({
        shared: async () => "shared",
        open: () => {
          open += 1;
          return {
            ask: async () => "opened",
            [Symbol.dispose]() {
              open -= 1;
            },
          };
        },
      });
      return { answer, open };
    };
    expect(await count(healthy)).toEqual({ answer: "shared", open: 0 });
    expect(await count(await sick("health-check-leaks-connection"))).toEqual({ answer: "opened", open: 1 });
  });
});

describe("A53-A59: liveness", () => {
  test("B6, B9: dead after one and a half intervals, not never, and not at one", async () => {
    const never = await sick("zombie-sessions-never-reaped");
    const atOnce = await sick("activity-timeout-equals-ping-interval");
    const dead = (policies: Policies) =>
      [999, 1_000, 1_500, 1_501].map((ms) => policies.peerIsDead(ms, 1_000));
    expect(dead(healthy)).toEqual([false, false, false, true]);
    expect(dead(never)).toEqual([false, false, false, false]);
    expect(dead(atOnce)).toEqual([false, true, true, true]);
  });

  test("B13: a beat goes whatever the handlers do; by the defect it waits for them", async () => {
    const run = async (policies: Policies) => {
      const handlers = Promise.withResolvers<void>();
      let beats = 0;
      policies.beat(
        () => {
          beats += 1;
        },
        () => handlers.promise,
      );
      const meanwhile = beats;
      handlers.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      return [meanwhile, beats];
    };
    expect(await run(healthy)).toEqual([1, 1]);
    expect(await run(await sick("heartbeat-starved-by-handlers"))).toEqual([0, 1]);
  });

  test("B2, B10: beats are offered, and a socket has a time to say CONNECT", async () => {
    const configured = { sendsMs: 25_000, wantsMs: 25_000 };
    expect(healthy.offerBeat(configured)).toEqual(configured);
    expect((await sick("heartbeat-disabled")).offerBeat(configured)).toEqual({ sendsMs: 0, wantsMs: 0 });
    expect(healthy.connectIsLate(30_001, 30_000)).toBe(true);
    expect((await sick("no-first-message-deadline")).connectIsLate(3_000_000, 30_000)).toBe(false);
  });
});

describe("limits of what comes in and goes out", () => {
  test("B101, A63: what waits for a client is bounded; by the defect it is not", async () => {
    const limits = { depth: 256, bytes: 524_288, ageMs: 20_000 };
    const megabytes = { depth: 5_000, bytes: 50_000_000, ageMs: 60_000 };
    expect(healthy.evict(megabytes, limits)).toBe("depth");
    expect((await sick("unbounded-send-buffer")).evict(megabytes, limits)).toBeUndefined();
  });

  test("B109, A61: the limit of a message is the configured one; the defect's is a thousand times that", async () => {
    expect(healthy.sizeLimits(65_536)).toEqual({ webSocketMessage: 65_536, stompFrame: 65_536 });
    const { webSocketMessage, stompFrame } = (await sick("oversize-accepted")).sizeLimits(65_536);
    expect(Math.min(webSocketMessage, stompFrame)).toBeGreaterThan(10_000_000);
  });

  test("B139, A4: only origins of the list may come in; by the defect all may", async () => {
    const rules = { allowed: ["https://app.example.com"], required: true };
    expect(healthy.acceptOrigin("https://evil.example", rules)).toBe(false);
    expect((await sick("wildcard-origin")).acceptOrigin("https://evil.example", rules)).toBe(true);
  });
});
