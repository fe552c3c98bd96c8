import fc from "fast-check";
import { expect, test } from "vitest";
import { Decoder } from "../../target-server/stomp/decode.ts";
import type { Engine } from "./engine.ts";
import { findIdentity, identityPrefix } from "./identity.ts";
import { Journal } from "./journal.ts";
import { LATE_MS, type Outgoing, Publisher } from "./publisher.ts";

/** All steps at once. */
function all<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const UNTIL_MS = 20_000;

/** The part of an engine that a publisher uses, with a clock that the test moves. */
function engineAt(journal: Journal) {
  const config = {
    seed: 5,
    nonce: "abc123",
    timing: { warmUpMs: 0, publishUntilMs: UNTIL_MS, endMs: UNTIL_MS },
  };
  return { nowMs: 0, publishUntilMs: UNTIL_MS, journal, config };
}

function publisherOf(state: ReturnType<typeof engineAt>, everyMs: number): Publisher {
  const engine = {
    config: state.config,
    journal: state.journal,
    nowMs: () => state.nowMs,
    get publishUntilMs() {
      return state.publishUntilMs;
    },
  } as unknown as Engine;
  const client = { number: 17, role: "chatter", user: "user-17", random: Math.random };
  return new Publisher(client, 0, { destination: "/app/c", everyMs, bytes: 80, receipt: true }, engine);
}

function countsOf(journal: Journal): Readonly<Record<string, number>> {
  return all(journal.take(0, { connected: 0, subscribed: 0, due: 0 }))[0]!.counts;
}

const step = fc.record({ afterMs: fc.integer({ min: 1, max: 6_000 }), online: fc.boolean() });

test("I83: every slot of the schedule is sent, missed offline or skipped as late: exactly one of them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 50, max: 3_000 }), fc.array(step, { maxLength: 12 }), (everyMs, steps) => {
      const journal = new Journal(1);
      const state = engineAt(journal);
      const publisher = publisherOf(state, everyMs);
      const sent: Outgoing[] = [];
      const send = (outgoing: Outgoing) => {
        sent.push(outgoing);
      };
      let wasOnline = true;
      for (const { afterMs, online } of steps) {
        state.nowMs += afterMs;
        if (online && !wasOnline) publisher.skipOffline(state.nowMs);
        if (online) publisher.sendDue(send);
        wasOnline = online;
      }
      state.nowMs = UNTIL_MS + 10_000;
      publisher.skipOffline(UNTIL_MS);
      const { missedOffline = 0, missedLate = 0 } = countsOf(journal);
      let slots = 0;
      const counting = engineAt(new Journal(1));
      const all = publisherOf(counting, everyMs);
      for (let due = all.nextMs(); due !== undefined; due = all.nextMs()) {
        counting.nowMs = due;
        all.sendDue(() => {
          slots += 1;
        });
      }
      expect(sent.length + missedOffline + missedLate).toBe(slots);
      expect(new Set(sent.map(({ slot }) => slot)).size).toBe(sent.length);
    }),
  );
});

test("I83: a slot up to 2 s late is sent with its intended time; a later one is skipped and counted", () => {
  const journal = new Journal(1);
  const state = engineAt(journal);
  const publisher = publisherOf(state, 100);
  const firstMs = publisher.nextMs()!;
  const sent: number[] = [];
  state.nowMs = firstMs + LATE_MS + 150;
  publisher.sendDue(({ intendedMs }) => sent.push(intendedMs));
  expect(countsOf(journal)).toEqual({ missedLate: 2 });
  expect(sent[0]).toBe(firstMs + 200);
  expect(sent.at(-1)).toBe(firstMs + LATE_MS + 100);
  expect(sent.length).toBe(20);
});

test("stop: slots after it are not sent and are nobody's miss", () => {
  const journal = new Journal(1);
  const state = engineAt(journal);
  const publisher = publisherOf(state, 100);
  state.nowMs = 3_000;
  publisher.sendDue(() => {});
  state.publishUntilMs = 3_000;
  expect(publisher.nextMs()).toBeUndefined();
  publisher.skipOffline(state.publishUntilMs);
  expect(countsOf(journal)).toEqual({});
});

test("A144: the SEND frame carries its id, its receipt and its identity, and any decoder reads it", () => {
  const state = engineAt(new Journal(1));
  const publisher = publisherOf(state, 1_000);
  const dueMs = publisher.nextMs()!;
  state.nowMs = dueMs;
  const sent: Outgoing[] = [];
  publisher.sendDue((outgoing) => sent.push(outgoing));
  const [{ slot, text }] = sent as [Outgoing];
  const [decoded] = new Decoder().push(text);
  expect(decoded).toMatchObject({
    kind: "frame",
    frame: {
      command: "SEND",
      headers: {
        destination: "/app/c",
        "client-message-id": `abc123-17-${slot}`,
        receipt: `m${slot}`,
        "content-type": "application/json",
      },
    },
  });
  const { content } = JSON.parse((decoded as { frame: { body: string } }).frame.body) as { content: string };
  expect(content).toHaveLength(80);
  expect(findIdentity(content, identityPrefix("abc123"))).toEqual({ publisher: 17, slot, intendedMs: dueMs });
  expect(publisher.intendedOf(slot)).toBe(dueMs);
  expect(publisher.intendedOf(slot + 1)).toBeUndefined();
});
