import { expect, test } from "vitest";
import { ProofOfReceipt } from "./proof-of-receipt.ts";

function proof() {
  const proven: string[] = [];
  const asked = new ProofOfReceipt();
  return { asked, proven, wait: (name: string) => asked.wait(() => proven.push(name)) };
}

test("B63: the answer to a ping vouches for what was sent before the ping, and no more", () => {
  const { asked, proven, wait } = proof();
  wait("a");
  expect(asked.wanted).toBe(true);
  asked.pinged();
  expect(asked.wanted).toBe(false);
  wait("b");
  asked.ponged();
  expect(proven).toEqual(["a"]);
  expect(asked.wanted).toBe(true);
  asked.pinged();
  asked.ponged();
  expect(proven).toEqual(["a", "b"]);
});

test("B63: a pong that nobody asked for proves nothing, also not what comes later", () => {
  const { asked, proven, wait } = proof();
  for (let n = 0; n < 5; n++) asked.ponged();
  wait("a");
  expect(proven).toEqual([]);
  asked.pinged();
  expect(proven).toEqual([]);
  asked.ponged();
  expect(proven).toEqual(["a"]);
});

test("B63: one answer to two pings is proof too late, never too early", () => {
  const { asked, proven, wait } = proof();
  asked.pinged();
  wait("a");
  asked.pinged();
  asked.ponged();
  expect(proven).toEqual([]);
  asked.pinged();
  asked.ponged();
  expect(proven).toEqual(["a"]);
});
