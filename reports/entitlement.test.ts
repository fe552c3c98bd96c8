import { describe, expect, test } from "vitest";
import { fateOf, holdingBack, SETTLE_MS } from "./entitlement.ts";
import type { Plan } from "./record/plan.ts";
import type { Send, SubscriptionWindow } from "./record/run-record.ts";
import type { FaultSpan } from "./windows.ts";

const PUBLISH_UNTIL = 20_000;
const END = 23_000;
const plan = { timing: { warmUpMs: 0, publishUntilMs: PUBLISH_UNTIL, endMs: END } } as Plan;

/** Sent at 5 s and confirmed 10 ms later. */
const message: Send = {
  publisher: 1,
  slot: 1,
  destination: "/app/chat.send/1",
  intendedMs: 5_000,
  sentMs: 5_000,
  outcome: "confirmed",
  outcomeMs: 5_010,
};
const SETTLED = 5_010 + SETTLE_MS;
/** Open all around the message. */
const there: SubscriptionWindow = {
  subscription: 1,
  client: 2,
  attempt: 0,
  destination: "/topic/room.1",
  endpoint: 0,
  server: "server-1",
  askedMs: 1_000,
  fromMs: 1_010,
  toMs: 15_000,
  ended: "peer",
  heardMs: 15_000,
  unseen: [],
};
const span = (fromMs: number, toMs: number, target = "redis") =>
  ({ window: { target }, fromMs, toMs, healed: true }) as FaultSpan;

function fate(
  window: Partial<SubscriptionWindow> = {},
  send: Partial<Send> = {},
  held: readonly FaultSpan[] = [],
) {
  return fateOf({ ...message, ...send }, { ...there, ...window }, false, { plan, held });
}

describe("C.2: who is owed what", () => {
  test("what was confirmed, to whom was there before and after, and never came is lost", () => {
    expect(fate()).toBe("lost");
    expect(fateOf(message, there, true, { plan, held: [] })).toBe("received");
  });

  test("what was not confirmed is owed to nobody, though it came", () => {
    for (const outcome of ["unknown", "rejected"] as const) {
      expect(fateOf({ ...message, outcome }, there, true, { plan, held: [] })).toBe("not-owed");
      expect(fate({}, { outcome })).toBe("not-owed");
    }
  });

  test("the window opens with the message at the latest, to the millisecond", () => {
    expect(fate({ fromMs: 5_000 })).toBe("lost");
    expect(fate({ fromMs: 5_001 })).toBe("undecided");
  });

  test("the peer must be heard until the message had time to settle, to the millisecond", () => {
    expect(fate({ heardMs: SETTLED })).toBe("lost");
    expect(fate({ heardMs: SETTLED - 1 })).toBe("undecided");
    // Without a time of confirmation it counts from the sending.
    const { outcomeMs: _, ...silent } = message;
    const at = (heardMs: number) => fateOf(silent, { ...there, heardMs }, false, { plan, held: [] });
    expect([at(7_000), at(6_999)]).toEqual(["lost", "undecided"]);
  });

  test("who asked too late, or was gone before, is not owed it and not undecided either", () => {
    expect(fate({ askedMs: SETTLED - 1, fromMs: SETTLED })).toBe("undecided");
    expect(fate({ askedMs: SETTLED, fromMs: SETTLED + 1 })).toBe("not-owed");
    expect(fate({ toMs: 5_001, heardMs: 5_001 })).toBe("undecided");
    expect(fate({ toMs: 5_000, heardMs: 5_000 })).toBe("not-owed");
  });

  test("where the engine's own reports are missing, it may have come", () => {
    const hole = (fromMs: number, toMs: number) => fate({ unseen: [{ fromMs, toMs }] });
    expect(hole(SETTLED, SETTLED + 500)).toBe("undecided");
    expect(hole(SETTLED + 1, SETTLED + 500)).toBe("lost");
    expect(hole(4_000, 5_000)).toBe("undecided");
    expect(hole(4_000, 4_999)).toBe("lost");
  });

  test("I76: what is confirmed while a store is away is owed when it is back", () => {
    const heard = (heardMs: number, held: FaultSpan) => fate({ heardMs }, {}, [held]);
    expect(heard(9_000 + SETTLE_MS, span(5_010, 9_000))).toBe("lost");
    expect(heard(9_000 + SETTLE_MS - 1, span(5_010, 9_000))).toBe("undecided");
    expect(heard(SETTLED, span(5_011, 9_000)), "it was there when the message was confirmed").toBe("lost");
    expect(heard(SETTLED, span(2_000, 5_009)), "it was back by then").toBe("lost");
    expect(heard(SETTLED, span(2_000, 5_010))).toBe("lost");
  });

  test("at the end, when all leave together, half of the drain is time enough", () => {
    const sentMs = 19_990;
    const last = { intendedMs: sentMs, sentMs, outcomeMs: 20_000 };
    const leaves = (toMs: number, ended: SubscriptionWindow["ended"] = "self", heardMs = 21_500) =>
      fate({ toMs, heardMs, ended }, last);
    expect(leaves(END)).toBe("lost");
    expect(leaves(END, "self", 21_499)).toBe("undecided");
    expect(leaves(END - 50), "a timer may be early").toBe("lost");
    expect(leaves(END - 51), "by itself, but not at the end").toBe("undecided");
    expect(leaves(END, "peer")).toBe("undecided");
    expect(leaves(END, "open")).toBe("undecided");
  });

  test("a long drain gives no more time than anybody has", () => {
    const long = { timing: { ...plan.timing, endMs: 40_000 } } as Plan;
    const last = { ...message, intendedMs: 19_990, sentMs: 19_990, outcomeMs: 20_000 };
    const at = (heardMs: number) =>
      fateOf(last, { ...there, toMs: 40_000, heardMs, ended: "self" }, false, { plan: long, held: [] });
    expect([at(22_000), at(21_999)]).toEqual(["lost", "undecided"]);
  });

  test("only what a store, or a way to one, did holds messages back", () => {
    const targets = [
      "redis",
      "server-1/redis",
      "postgres",
      "server-2/postgres",
      "server-1/clients",
      "server-3",
    ];
    expect(
      holdingBack(targets.map((target) => span(0, 1, target))).map(({ window }) => window.target),
    ).toEqual(targets.slice(0, 4));
  });
});
