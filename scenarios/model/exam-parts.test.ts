import { describe, expect, test } from "vitest";
import { eventually, lookUntil } from "./exam-parts.ts";
import { isReceipt } from "./examiner.ts";

/** A clock that goes on only while somebody sleeps. */
function clock() {
  let atMs = 1_000;
  return {
    nowMs: () => atMs,
    sleep: async (ms: number) => {
      atMs += ms;
    },
  };
}

/** What is seen, look by look; the last of it again and again. */
function sights<T>(...seen: readonly (T | Error)[]) {
  let looks = 0;
  return {
    looks: () => looks,
    look: async () => {
      const sight = seen[Math.min(looks++, seen.length - 1)] as T | Error;
      if (sight instanceof Error) throw sight;
      return sight;
    },
  };
}

const GONE = new Error("gone");
const isThree = (seen: unknown) => seen === 3;

describe("lookUntil", () => {
  test("sees what it waits for, and looks no more", async () => {
    const { look, looks } = sights(1, 2, 3, 4);
    expect(await lookUntil(clock(), look, isThree, 10_000)).toBe(3);
    expect(looks()).toBe(3);
  });

  test("takes what is so at once without any time, and ends with what it saw last when time is over", async () => {
    expect(await lookUntil(clock(), sights(3).look, isThree, 0)).toBe(3);
    const at = clock();
    const { look, looks } = sights(1, 2);
    expect(await lookUntil(at, look, isThree, 1_000)).toBe(2);
    expect([at.nowMs(), looks()]).toEqual([2_000, 5]);
  });

  test("looks once more when its time is over", async () => {
    const { look } = sights(1, 1, 1, 1, 3);
    expect(await lookUntil(clock(), look, isThree, 1_000)).toBe(3);
  });

  test("a look that fails ends it", async () => {
    await expect(lookUntil(clock(), sights(1, GONE).look, isThree, 1_000)).rejects.toThrow("gone");
  });
});

test("eventually: a look that fails is not so yet", async () => {
  expect(await eventually(clock(), sights(false, GONE, true).look, 1_000)).toBe(true);
  expect(await eventually(clock(), sights<boolean>(GONE).look, 1_000)).toBe(false);
  expect(await eventually(clock(), () => true, 0)).toBe(true);
});

test("what was asked for with a receipt is confirmed by that, and by no ERROR, close or silence", () => {
  const frame = { headers: {}, body: "", atMs: 1 };
  expect(isReceipt({ command: "RECEIPT", ...frame })).toBe(true);
  expect(isReceipt({ command: "ERROR", ...frame })).toBe(false);
  expect(isReceipt({ code: 1008, reason: "RECEIPT", atMs: 1 })).toBe(false);
  expect(isReceipt(undefined)).toBe(false);
});
