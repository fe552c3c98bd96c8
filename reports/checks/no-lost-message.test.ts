import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import { phasesOf } from "../windows.ts";
import check from "./no-lost-message.ts";

const RUN = { timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 44_000 } };
const judged = (story: Story, phase = "baseline") => judgeOne(check, story.record(), phase);

/**
 * Client 0 on server-1 publishes to room a, slot n at 3 s + n × 500 ms; client 1 on server-2 is subscribed from 5 s
 * until it leaves at the end, and receives everything from slot 4 (5 s) on, except `missing`.
 */
function story(...missing: readonly number[]): Story {
  const told = new Story(RUN);
  told.join(0, "lobby", 500);
  const subscription = told.join(1, "a", 5_000);
  for (let slot = 0; slot < 70; slot++) {
    told.send(0, slot, "a", 3_000 + slot * 500);
    if (slot >= 4 && !missing.includes(slot)) told.receive(subscription, 0, slot, slot, 3_000 + slot * 500);
  }
  return told.leave(1, 44_000).leave(0, 44_000);
}

describe("INV-LOSS, INV-COVER: lost messages", () => {
  test("all that was owed came: met, over the decided pairs only", () => {
    // Slot 3 was sent at 4,500 ms and may rightly have come or not; slots 0 to 2 settled when nobody had subscribed.
    expect(judged(story())).toEqual({
      status: "met",
      measured: 0,
      samples: 66,
      note: "4 pairs at the edges of a subscription undecided",
    });
  });

  test.each([
    ["start", 4],
    ["middle", 30],
    ["end", 69],
  ])("one message lost at the %s of a window is found", (_, slot) => {
    const sentMs = 3_000 + slot * 500;
    expect(judged(story(slot))).toMatchObject({
      status: "breached",
      measured: 1,
      samples: 66,
      why: "1 of 66 deliveries never came, all from server-1 to server-2",
      counterexamples: [{ message: `0#${slot}`, client: 1, server: "server-2", atMs: sentMs }],
    });
  });

  test("the evidence tells the whole way", () => {
    const verdict = judged(story(30));
    expect("counterexamples" in verdict && verdict.counterexamples[0]?.text).toBe(
      "0#30 by client 0 on server-1, confirmed at 18,005 ms, never reached client 1 on server-2 (subscribed from 5,000 to 44,000 ms)",
    );
  });

  test("B42: a direction of loss is named", () => {
    const told = new Story(RUN);
    told.join(0, "a", 500);
    const near = told.join(3, "a", 500);
    told.join(1, "a", 500);
    told.join(2, "a", 500);
    for (let slot = 0; slot < 20; slot++) told.send(0, slot, "a", 3_000 + slot * 500).receive(near, 0, slot);
    for (let slot = 0; slot < 5; slot++) told.send(1, slot, "a", 3_000 + slot * 500);
    for (const client of [0, 1, 2, 3]) told.leave(client, 44_000);
    const verdict = judged(told);
    expect(verdict).toMatchObject({
      measured: 80,
      why: expect.stringMatching(/^80 of 100 deliveries never came, most from server-1 to server-\d \(20\)$/),
    });
    expect("counterexamples" in verdict && verdict.counterexamples).toHaveLength(10);
  });

  test("only a confirmed message can be lost, and only a confirmed one proves anything", () => {
    const told = new Story(RUN);
    told.join(1, "a", 500);
    told.send(0, 0, "a", 3_000, "r").send(0, 1, "a", 4_000, null).leave(1, 44_000);
    expect(judged(told)).toEqual({
      status: "unknown",
      why: "no confirmed message was owed to anybody in this phase; 1 message never confirmed nor rejected",
      samples: 0,
    });
    const seen = new Story(RUN);
    seen
      .receive(seen.join(1, "a", 500), 0, 0)
      .send(0, 0, "a", 3_000, null)
      .leave(1, 44_000);
    expect(judged(seen)).toMatchObject({ status: "unknown", samples: 0 });
  });

  test("other rooms are not owed anything", () => {
    const told = story();
    told.join(5, "b", 500);
    expect(judged(told)).toMatchObject({ status: "met", samples: 66 });
  });

  test("a dropped subscriber is owed what had 2 s to settle before the last byte, not more", () => {
    const dropped = (sentMs: number, silentMs: number) => {
      const told = new Story(RUN);
      told.join(1, "a", 500);
      told.send(0, 0, "a", sentMs).close(1, 20_000, { silentMs });
      const subscription = told.join(1, "a", 25_000, 2);
      told.send(0, 1, "a", 30_000).receive(subscription, 0, 1).leave(1, 44_000);
      return judged(told);
    };
    // Confirmed 5 ms after it was sent.
    expect(dropped(17_995, 0)).toMatchObject({ status: "breached", measured: 1, samples: 2 });
    expect(dropped(17_996, 0)).toMatchObject({
      status: "met",
      samples: 1,
      note: expect.stringMatching(/^1 pair /),
    });
    expect(dropped(14_995, 3_000)).toMatchObject({ status: "breached" });
    expect(dropped(14_996, 3_000)).toMatchObject({ status: "met", note: expect.stringMatching(/^1 pair /) });
    // While it was away nothing was owed and nothing is in doubt.
    expect(dropped(22_000, 0)).toEqual({ status: "met", measured: 0, samples: 1 });
  });

  test("I76: what was confirmed while a store was away has until it is back, at whoever is still there then", () => {
    const dropped = (target: string, closedMs: number) => {
      const told = new Story(RUN).fault("cut", target, 10_000, 16_000);
      told.join(1, "a", 500);
      told.send(0, 0, "a", 12_000).close(1, closedMs);
      const subscription = told.join(1, "a", 25_000, 2);
      told.send(0, 1, "a", 13_000).receive(subscription, 0, 1).leave(1, 44_000);
      const [phase] = phasesOf(told.record()).filter(({ kind }) => kind === "fault");
      return judged(told, phase?.name);
    };
    expect(dropped("server-1/redis", 15_000)).toMatchObject({
      status: "met",
      note: expect.stringMatching(/^2 pairs /),
    });
    expect(dropped("server-1/redis", 20_000)).toMatchObject({ status: "breached", measured: 2 });
    expect(dropped("server-1/clients", 15_000)).toMatchObject({ status: "breached", measured: 1 });
  });

  test("what was asked for and not yet granted is undecided", () => {
    const told = new Story(RUN);
    told.connect(1, 4_000);
    const subscription = told.subscribe(1, "a", 6_000, 4_500);
    told.send(0, 0, "a", 5_000).send(0, 1, "a", 6_000).receive(subscription, 0, 1).leave(1, 44_000);
    expect(judged(told)).toMatchObject({
      status: "met",
      samples: 1,
      note: expect.stringMatching(/^1 pair /),
    });
  });

  test("at the end of the run half of the drain is time enough", () => {
    const last = (sentMs: number) => {
      const told = new Story({ timing: { warmUpMs: 2_000, publishUntilMs: 20_000, endMs: 22_000 } });
      told
        .receive(told.join(1, "a", 500), 0, 0)
        .send(0, 0, "a", 3_000)
        .send(0, 1, "a", sentMs);
      return judged(told.leave(1, 22_000));
    };
    expect(last(20_995)).toMatchObject({ status: "breached", measured: 1 });
    expect(last(20_996)).toMatchObject({ status: "met", note: expect.stringMatching(/^1 pair /) });
  });

  test("a loss belongs to the phase in which the message was intended, the warm-up's to the first", () => {
    const told = story(4, 20, 21, 60).fault("kill", "server-3", 13_000, 14_000);
    expect(judged(told)).toMatchObject({ status: "breached", measured: 1 });
    expect(judged(told, "during kill server-3")).toMatchObject({
      status: "breached",
      measured: 2,
      counterexamples: [
        { message: "0#20", fault: 0 },
        { message: "0#21", fault: 0 },
      ],
    });
    expect(judged(told, "recovery after kill server-3")).toMatchObject({ status: "met" });
    expect(judged(told, "final")).toMatchObject({ status: "breached", measured: 1 });
    const early = new Story(RUN).send(0, 0, "a", 1_000);
    early.join(1, "a", 500);
    expect(judged(early.leave(1, 44_000))).toMatchObject({ status: "breached", measured: 1 });
  });

  test("a torn record loses nothing that it cannot know", () => {
    const told = story(30).ended(undefined, 19_000);
    expect(judged(told)).toMatchObject({ status: "met" });
    expect(judged(story(20).ended(undefined, 19_000))).toMatchObject({ status: "breached", measured: 1 });
  });

  test("a destination that the templates do not know is told", () => {
    const told = story();
    const lines = told.lines();
    const params = { sendDestination: "/app/other/{room}", subscribeDestination: "/topic/{room}" };
    const record = { ...told.record(), plan: { ...lines.plan, scenario: { name: "story", params } } };
    expect(judgeOne(check, record, "baseline")).toMatchObject({
      status: "unknown",
      why: expect.stringMatching(/70 messages to a destination that nobody can subscribe to/),
    });
  });

  test("no message at all is unknown", () => {
    expect(judged(new Story(RUN))).toMatchObject({ status: "unknown", samples: 0 });
  });
});

/** Times of the random histories are multiples of this, so that the oracle can look at every instant there is. */
const STEP = 100;

interface Life {
  readonly room: string;
  readonly askedMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly end: "drop" | "leave" | "at end";
  readonly silentMs: number;
}

const lives = fc.array(
  fc.record({
    room: fc.constantFrom("a", "b"),
    askedMs: fc.integer({ min: 5, max: 250 }),
    tookMs: fc.integer({ min: 1, max: 8 }),
    lastedMs: fc.integer({ min: 1, max: 150 }),
    end: fc.constantFrom("drop", "leave", "at end"),
    silentMs: fc.integer({ min: 0, max: 30 }),
  }),
  { minLength: 1, maxLength: 6 },
);
const sends = fc.array(
  fc.record({
    room: fc.constantFrom("a", "b"),
    sentMs: fc.integer({ min: 0, max: 299 }),
    afterMs: fc.integer({ min: 1, max: 30 }),
    outcome: fc.constantFrom("c", "c", "c", "r", null),
    lostBy: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  }),
  { minLength: 1, maxLength: 25 },
);

test("C.2: random histories against an oracle that looks at every instant", () => {
  fc.assert(
    fc.property(lives, sends, fc.integer({ min: 40, max: 200 }), (rawLives, rawSends, faultAt) => {
      const timing = { warmUpMs: 2_000, publishUntilMs: 30_000, endMs: 33_000 };
      const told = new Story({ timing }).fault("latency", "redis", faultAt * STEP, faultAt * STEP + 3_000);
      const all: Life[] = rawLives.map(({ room, askedMs, tookMs, lastedMs, end, silentMs }) => {
        const fromMs = (askedMs + tookMs) * STEP;
        const toMs =
          end === "at end" ? timing.endMs : Math.min(fromMs + lastedMs * STEP, timing.endMs - STEP);
        return {
          room,
          askedMs: askedMs * STEP,
          fromMs,
          toMs,
          end,
          silentMs: Math.min(silentMs * STEP, toMs - fromMs),
        };
      });
      const subscriptions = all.map((life, client) => {
        told.connect(client, life.askedMs - 10);
        const subscription = told.subscribe(client, life.room, life.fromMs, life.askedMs);
        if (life.end === "drop") told.close(client, life.toMs, { silentMs: life.silentMs });
        else told.leave(client, life.toMs);
        return subscription;
      });

      let lost = 0;
      let decided = 0;
      let undecided = 0;
      for (const [slot, { room, sentMs: at, afterMs, outcome, lostBy }] of rawSends.entries()) {
        const sentMs = at * STEP;
        told.send(99, slot, room, sentMs, outcome, afterMs * STEP);
        for (const [i, life] of all.entries()) {
          const settleMs = life.end === "at end" ? 1_500 : 2_000;
          const instants: number[] = [];
          const confirmedMs = sentMs + afterMs * STEP;
          const isHeld = confirmedMs >= faultAt * STEP && confirmedMs <= faultAt * STEP + 3_000;
          const owedFromMs = isHeld ? faultAt * STEP + 3_000 : confirmedMs;
          for (let t = sentMs; t <= owedFromMs + settleMs; t += STEP) instants.push(t);
          const isHeard = (t: number): boolean =>
            t >= life.fromMs && t <= life.toMs - (life.end === "drop" ? life.silentMs : 0);
          const isThere = (t: number): boolean => t > life.askedMs && t < life.toMs;
          const wasThere = instants.slice(1).some((t) => isThere(t - STEP / 2));
          if (room !== life.room) continue;
          const wasReceived = wasThere && !lostBy[i];
          if (wasReceived) told.receive(subscriptions[i] as number, 99, slot, slot, sentMs);
          if (outcome !== "c") continue;
          if (wasReceived) decided++;
          else if (instants.every(isHeard)) {
            decided++;
            lost++;
          } else if (wasThere) undecided++;
        }
      }

      const record = told.record();
      const verdicts = phasesOf(record)
        .filter(({ kind }) => kind !== "warm-up")
        .map((phase) => check.judge(record, phase, 0));
      const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
      expect(sum(verdicts.map(({ samples }) => samples))).toBe(decided);
      expect(sum(verdicts.map((verdict) => (verdict.status === "breached" ? verdict.measured : 0)))).toBe(
        lost,
      );
      const notes = verdicts.map((verdict) => JSON.stringify(verdict));
      expect(sum(notes.map((text) => Number(/(\d+) pairs? at the edges/.exec(text)?.[1] ?? 0)))).toBe(
        undecided,
      );
    }),
    { numRuns: 400 },
  );
});
