import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Condition, NumberCondition } from "../chaos/condition.ts";
import { emptyHistogram, record, toData } from "../scenarios/model/histogram.ts";
import type { Flush } from "../scenarios/model/telemetry.ts";
import { Conditions } from "./conditions.ts";

const never = new AbortController().signal;

function flush(second: number, part: Partial<Flush> & { p99Ms?: number } = {}): Flush {
  const { p99Ms, ...own } = part;
  const histogram = emptyHistogram();
  if (p99Ms !== undefined) record(histogram, p99Ms * 1_000);
  return {
    type: "flush",
    vu: 1,
    sequence: second,
    atMs: second * 1_000,
    connections: [],
    sends: [],
    outcomes: [],
    received: [],
    oddities: [],
    histograms:
      p99Ms === undefined ? [] : [{ metric: "delivery", role: "chatter", second, data: toData(histogram) }],
    counts: { sent: 100, deliveries: 900 },
    gauges: { due: 10, subscribed: 10 },
    slowest: [],
    ...own,
  };
}

/** A clock whose only time is the end that the test gives it. */
function theatre() {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const conditions = new Conditions((_, signal) =>
    Promise.race([over, new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))]),
  );
  return { conditions, end };
}

const state = async (promise: Promise<unknown>) => Promise.race([promise, wait(5, "waiting")]);

const sentOver = (value: number): NumberCondition => ({
  kind: "number",
  quantity: "ledger.sent",
  is: ">",
  value,
  untilMs: 60_000,
});

test("when(ledger.sent>250): a counter counts from go on, and comes true with the report that passes it", async () => {
  const { conditions } = theatre();
  const answer = conditions.until(sentOver(250), never);
  conditions.telemetry(flush(1));
  conditions.telemetry(flush(2));
  expect(await state(answer)).toBe("waiting");
  conditions.telemetry(flush(3));
  expect(await answer).toEqual({ yes: true, why: "it was 300" });
});

test("when(ledger.connected<5): a gauge is the sum over all virtual users, now", async () => {
  const { conditions } = theatre();
  const condition: Condition = { ...sentOver(5), quantity: "ledger.connected", is: "<" };
  const answer = conditions.until(condition, never);
  conditions.telemetry(flush(1, { vu: 1, gauges: { connected: 4 } }));
  expect(await answer).toEqual({ yes: true, why: "it was 4" });
  const both = conditions.until(condition, never);
  conditions.telemetry(flush(1, { vu: 2, gauges: { connected: 3 } }));
  expect(await state(both)).toBe("waiting");
  conditions.telemetry(flush(2, { vu: 1, gauges: { connected: 1 } }));
  expect(await both).toEqual({ yes: true, why: "it was 4" });
});

test("a number that nobody reports is not below anything: it never comes true", async () => {
  const { conditions, end } = theatre();
  const answer = conditions.until({ ...sentOver(5), is: "<" }, never);
  conditions.telemetry(flush(1, { counts: {} }));
  end();
  expect(await answer).toEqual({ yes: false, why: "it was never reported when its time was over" });
});

const stable: Condition = {
  kind: "baseline-stable",
  fromMs: 2_000,
  forMs: 3_000,
  deliveryP99Ms: 100,
  untilMs: 60_000,
};

test("after(baseline-stable): everybody there and all in time, without a break, and not before the warm-up's end", async () => {
  const { conditions } = theatre();
  const answer = conditions.until(stable, never);
  for (const second of [0, 1, 2, 3, 4]) conditions.telemetry(flush(second, { p99Ms: 10 }));
  expect(await state(answer)).toBe("waiting"); // stable since 2 s
  conditions.telemetry(flush(5, { p99Ms: 10 }));
  expect(await answer).toEqual({ yes: true, why: "it was stable for 3000 ms" });
});

test.each<[string, Parameters<typeof flush>[1], string]>([
  ["a client is away", { gauges: { due: 10, subscribed: 9 } }, "9 of 10 clients were there"],
  ["nobody is due", { gauges: { due: 0, subscribed: 0 } }, "0 of 0 clients were there"],
  ["nothing arrives", { counts: { sent: 5 } }, "5 messages were sent and none came"],
  ["it is slow", { p99Ms: 500 }, "p99 of the deliveries was 5"],
  [
    "a message came twice",
    { oddities: [{ what: "duplicate", atMs: 1, subscription: 1, publisher: 1, slot: 1 }] },
    "1 messages came twice",
  ],
])("after(baseline-stable): %s, and the time counts anew", async (_, trouble, why) => {
  const { conditions, end } = theatre();
  const answer = conditions.until(stable, never);
  for (const second of [2, 3, 4]) conditions.telemetry(flush(second, { p99Ms: 10 }));
  conditions.telemetry(flush(5, trouble));
  expect(await state(answer)).toBe("waiting");
  end();
  expect(await answer).toEqual({ yes: false, why: expect.stringContaining(why) });
});

test("an interrupt ends the wait at once", async () => {
  const { conditions } = theatre();
  const controller = new AbortController();
  const answer = conditions.until(sentOver(5), controller.signal);
  controller.abort();
  expect((await answer).yes).toBe(false);
});
