import fc from "fast-check";
import { expect, test } from "vitest";
import { healthyLimits } from "./limit-policies.ts";
import { SendAllowance } from "./send-allowance.ts";
import { SlidingWindow, SlidingWindows } from "./sliding-window.ts";

const rate = { count: 10, windowMs: 1_000 };

test("A67, I31: no window of any place holds more than the limit, and nothing is refused without need", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }), (gapsMs) => {
      const window = new SlidingWindow(rate);
      const taken: number[] = [];
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const inWindow = taken.filter((at) => nowMs - at < rate.windowMs).length;
        const waits = window.take(nowMs);
        expect(waits === 0).toBe(inWindow < rate.count);
        if (waits === 0) taken.push(nowMs);
        else {
          // One will be free after exactly this wait.
          expect(taken.filter((at) => nowMs + waits - at < rate.windowMs).length).toBeLessThan(rate.count);
        }
      }
    }),
  );
});

test("A69: windows are kept per name, and forgotten when they are idle", () => {
  const windows = new SlidingWindows({ count: 1, windowMs: 100 });
  expect([windows.take("ann", 1_000), windows.take("bob", 1_000)]).toEqual([0, 0]);
  expect(windows.take("ann", 1_050)).toBe(50);
  expect(windows.size).toBe(2);
  expect(windows.take("cat", 1_200)).toBe(0);
  expect(windows.size).toBe(1);
});

test("A70, I75: twenty refusals in a row are said, the next ends the session; a pause forgives", () => {
  const allowance = new SendAllowance({ policies: healthyLimits, perSession: rate, perUser: undefined });
  const answers = Array.from({ length: 21 }, (_, n) => allowance.afterExcess(n));
  expect(answers).toEqual([...Array(20).fill("tell"), "close"]);

  const calm = new SendAllowance({ policies: healthyLimits, perSession: rate, perUser: undefined });
  for (let n = 0; n < 100; n++) expect(calm.afterExcess(n * 10_001)).toBe("tell");
});

test("I29: what acknowledges does not count", () => {
  expect(healthyLimits.countsAsSend("/app/chat.send/a")).toBe(true);
  expect(healthyLimits.countsAsSend("/app/message.ack/1")).toBe(false);
  expect(healthyLimits.countsAsSend("/app/message.read/1")).toBe(false);
  const allowance = new SendAllowance({
    policies: healthyLimits,
    perSession: { count: 1, windowMs: 60_000 },
    perUser: undefined,
  });
  expect(allowance.spend("ann", "/app/chat.send/a")).toBeUndefined();
  for (let n = 0; n < 50; n++) expect(allowance.spend("ann", "/app/message.ack/1")).toBeUndefined();
  expect(allowance.spend("ann", "/app/chat.send/a")).toMatchObject({ scope: "session" });
});

test("A69, B154: the session's window is asked first, then the user's", async () => {
  const asked: string[] = [];
  const scopes = (session: "free" | "full") => ({
    session: () => {
      asked.push("session");
      return session === "free" ? undefined : { scope: "session" as const, retryAfterMs: 1, limit: "" };
    },
    user: () => void asked.push("user"),
    userHere: () => void asked.push("here"),
  });
  await healthyLimits.spendSend(scopes("free"));
  expect(asked.splice(0)).toEqual(["session", "user"]);
  expect(await healthyLimits.spendSend(scopes("full"))).toMatchObject({ scope: "session" });
  expect(asked).toEqual(["session"]);
});
