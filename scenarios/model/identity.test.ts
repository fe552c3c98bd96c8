import fc from "fast-check";
import { expect, test } from "vitest";
import { findIdentity, identityPrefix, identityText } from "./identity.ts";

const identity = fc.record({
  publisher: fc.nat(100_000),
  slot: fc.nat(10_000_000),
  intendedMs: fc.nat(86_400_000),
});

test("the text of a message says who it is", () => {
  expect(identityText("a1b2c3", { publisher: 17, slot: 203, intendedMs: 15_230 }, 40)).toBe(
    "sw1/a1b2c3/17/203/15230/xxxxxxxxxxxxxxxx",
  );
});

test("an identity is found again in whatever a server wraps around it", () => {
  fc.assert(
    fc.property(
      identity,
      fc.integer({ min: 0, max: 500 }),
      fc.string(),
      fc.string(),
      (id, bytes, before, after) => {
        const frame = `MESSAGE\n\n${before}{"content":"${identityText("a1b2c3", id, bytes)}"}${after}\0`;
        expect(findIdentity(frame, identityPrefix("a1b2c3"))).toEqual(id);
      },
    ),
  );
});

test("the messages of another run, and broken ones, are nobody's", () => {
  const text = identityText("a1b2c3", { publisher: 1, slot: 2, intendedMs: 3 }, 0);
  expect(findIdentity(text, identityPrefix("zzzzzz"))).toBeUndefined();
  for (let cut = 0; cut < text.length; cut++) {
    expect(findIdentity(text.slice(0, cut), identityPrefix("a1b2c3"))).toBeUndefined();
  }
  expect(findIdentity("sw1/a1b2c3/1/two/3/", identityPrefix("a1b2c3"))).toBeUndefined();
});

test.each([
  ["no publisher", "sw1/a1b2c3//2/3/"],
  ["no slot", "sw1/a1b2c3/1//3/"],
  ["no time", "sw1/a1b2c3/1/2//"],
  ["a negative slot", "sw1/a1b2c3/1/-2/3/"],
  ["half a slot", "sw1/a1b2c3/1/2.5/3/"],
  ["a slot beyond whole numbers", "sw1/a1b2c3/1/9007199254740993/3/"],
  ["a time that makes the latency infinite", "sw1/a1b2c3/1/2/1e308/"],
  ["a negative time", "sw1/a1b2c3/1/2/-3/"],
])("a garbled identity with %s is nobody's, not publisher 0's", (_, text) => {
  expect(findIdentity(text, identityPrefix("a1b2c3"))).toBeUndefined();
});
