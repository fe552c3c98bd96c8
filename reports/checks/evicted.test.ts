import { describe, expect, test } from "vitest";
import type { PlannedRole } from "../record/plan.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import closeCodes from "./close-codes.ts";
import check from "./evicted.ts";

/** Clients 0 to 2 behave; 3 and 4 do not read. */
const roles: PlannedRole[] = [
  { name: "chatter", clients: 3, engine: "k6", provokes: [] },
  { name: "stalled", clients: 2, engine: "native", provokes: [1_013] },
];

const story = (): Story => {
  const made = new Story({ clients: 5, roles });
  for (let client = 0; client < 5; client++) made.join(client, "a", 500);
  return made;
};
const evict = (told: Story, client: number, atMs: number): Story =>
  told.close(client, atMs, { code: 1_013, by: "peer", reason: "slow-consumer", silentMs: 8_000 });

describe("B101, B105, A66: who asks for it is evicted and may come back", () => {
  test("each of them closed with 1013 and connected again is met", () => {
    const told = evict(evict(story(), 3, 9_000), 4, 9_500)
      .connect(3, 11_000)
      .connect(4, 12_000);
    expect(judgeOne(check, told.record(), "baseline")).toEqual({ status: "met", measured: 0, samples: 2 });
    expect(judgeOne(closeCodes, told.record(), "baseline")).toMatchObject({ status: "met", measured: 0 });
  });

  test.each([
    ["B101: never evicted", { code: 1_000, by: "self" }, "left by itself with 1000"],
    ["B108: without a close frame", { code: null, by: "unknown" }, "was closed with no close frame"],
    ["B108: with another code", { code: 1_000, by: "peer" }, "was closed with 1000"],
    ["given up by itself", { code: null, by: "self" }, "left by itself with no close frame"],
  ] as const)("%s is breached", (_, how, what) => {
    const told = evict(story(), 3, 9_000).connect(3, 11_000).close(4, 15_500, how).connect(4, 16_000);
    expect(judgeOne(check, told.record(), "baseline")).toEqual({
      status: "breached",
      measured: 1,
      samples: 2,
      why: "1 of 2 misbehaving clients not closed as they should be, or not taken back",
      counterexamples: [
        {
          text: `client 4 (stalled) on server-2: ${what} after 15,002 ms instead of being closed with 1013`,
          atMs: 15_500,
          client: 4,
          server: "server-2",
        },
      ],
    });
  });

  test("A66: evicted and never back is breached, however often it tried", () => {
    const told = evict(evict(story(), 3, 9_000), 4, 9_500).connect(3, 11_000);
    told.due(4, 11_000).fail(4, 11_001, "refused");
    expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
      status: "breached",
      measured: 1,
      counterexamples: [
        { text: "client 4 (stalled) on server-2: closed with 1013 and never connected again" },
      ],
    });
  });

  test("it belongs to the phase in which its first connection ended, that phase's first moment in and its end out", () => {
    const told = evict(evict(story(), 3, 11_999), 4, 12_000);
    told.fault("kill", "server-3", 10_000, 12_000);
    const samples = (phase: string) => judgeOne(check, told.record(), phase).samples;
    expect(samples("baseline")).toBe(0);
    expect(samples("during kill server-3")).toBe(1);
    expect(samples("recovery after kill server-3")).toBe(1);
    const first = evict(evict(story(), 3, 9_999), 4, 10_000);
    first.fault("kill", "server-3", 10_000, 12_000);
    expect(judgeOne(check, first.record(), "during kill server-3").samples).toBe(1);
  });

  test("one whose end the record does not have is unknown, and so is a run without any", () => {
    const open = evict(story(), 3, 9_000).connect(3, 11_000);
    expect(judgeOne(check, open.record(), "baseline")).toMatchObject({ status: "unknown", samples: 2 });
    const none = new Story();
    none.join(0, "a", 500);
    expect(judgeOne(check, none.record(), "baseline")).toMatchObject({ status: "unknown", samples: 0 });
  });

  test("1013 explains nothing for a client that behaves, and nothing else explains a misbehaving one's", () => {
    expect(judgeOne(closeCodes, evict(story(), 1, 9_000).record(), "baseline")).toMatchObject({
      status: "breached",
      why: "1 close without a cause: 1 × 1013",
    });
    const torn = story().close(3, 9_000, { code: null, by: "unknown" });
    expect(judgeOne(closeCodes, torn.record(), "baseline")).toMatchObject({
      status: "breached",
      why: "1 close without a cause: 1 × 1006",
    });
  });
});

describe("what is no answer to their misbehaving", () => {
  test("E13: whose server was killed first lost its connection by that, as close-codes says too", () => {
    // client 4 is on server-2
    const steps = [["injecting", 8_000]] as const;
    const inVain = story()
      .fault("kill", "server-2", 8_000, 10_000, { steps })
      .close(4, 7_900)
      .connect(4, 9_000);
    expect(judgeOne(check, inVain.record(), "baseline"), "a fault without effect").toMatchObject({
      status: "breached",
    });
    const told = story().fault("kill", "server-2", 8_000, 10_000).close(4, 8_100).connect(4, 12_000, 2);
    evict(told, 3, 9_000).connect(3, 11_000);
    const during = "during kill server-2";
    expect(judgeOne(closeCodes, told.record(), during)).toMatchObject({ status: "met" });
    expect(judgeOne(check, told.record(), during)).toEqual({ status: "met", measured: 0, samples: 1 });
  });

  test("A66: a fault excuses no server that evicts and does not take back", () => {
    const told = story().fault("latency", "server-2", 8_000, 10_000, { closes: [1_013] });
    evict(told, 4, 9_000);
    evict(told, 3, 9_000).connect(3, 11_000);
    expect(judgeOne(check, told.record(), "during latency server-2")).toMatchObject({
      status: "breached",
      measured: 1,
    });
  });

  test("a run that was stopped early had no time to evict them, or to take them back", () => {
    const stopped = story().leave(3, 9_000).interrupted(9_000);
    expect(judgeOne(check, evict(stopped, 4, 8_900).record(), "baseline")).toMatchObject({
      status: "unknown",
      samples: 0,
    });
    const back = evict(evict(story(), 3, 8_000), 4, 8_900)
      .connect(3, 8_500)
      .interrupted(9_000);
    expect(judgeOne(check, back.record(), "baseline")).toEqual({ status: "met", measured: 0, samples: 1 });
    const before = story()
      .close(3, 8_000, { code: null })
      .connect(3, 8_500)
      .leave(4, 9_500)
      .interrupted(9_000);
    expect(judgeOne(check, before.record(), "baseline")).toMatchObject({ status: "breached", samples: 1 });
  });
});
