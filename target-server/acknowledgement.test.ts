import { describe, expect, test } from "vitest";
import { ackId, type Delivery, Unacknowledged } from "./acknowledgement.ts";
import { healthy } from "./policies.ts";

const delivery = (
  subscriptionId: string,
  messageId: string,
  mode: Delivery["mode"] = "client",
): Delivery => ({
  subscriptionId,
  mode,
  outgoing: { headers: { "message-id": messageId }, body: "12345" },
  times: 1,
});
const ids = (settled: readonly Delivery[] | undefined) =>
  settled?.map(({ subscriptionId, outgoing }) => `${subscriptionId}/${outgoing.headers["message-id"]}`);

function waiting(...deliveries: Delivery[]): Unacknowledged {
  const unacknowledged = new Unacknowledged();
  for (const one of deliveries) unacknowledged.add(one);
  return unacknowledged;
}

describe("A35: what is acknowledged by one ACK", () => {
  test("mode client: everything before it of the same subscription, and nothing of another", () => {
    const all = waiting(
      delivery("a", "1"),
      delivery("b", "1"),
      delivery("a", "2"),
      delivery("b", "2"),
      delivery("a", "3"),
    );
    const two = ackId("a", delivery("a", "2").outgoing);
    expect(ids(all.settle({ id: two }, "1.2"))).toEqual(["a/1", "a/2"]);
    expect(all.settle({ id: two }, "1.2")).toBeUndefined();
    expect([all.depth, all.bytes]).toEqual([3, 15]);
    expect(ids(all.settle({ subscription: "b", "message-id": "2" }, "1.1"))).toEqual(["b/1", "b/2"]);
    expect(ids(all.settle({ "message-id": "3" }, "1.0"))).toEqual(["a/3"]);
    expect([all.depth, all.bytes]).toEqual([0, 0]);
  });

  test("mode client-individual: that message alone", () => {
    const all = waiting(...["1", "2", "3"].map((messageId) => delivery("a", messageId, "client-individual")));
    expect(ids(all.settle({ subscription: "a", "message-id": "2" }, "1.1"))).toEqual(["a/2"]);
    expect(all.depth).toBe(2);
  });

  test("each version has its own way to name a message; the others' do not work", () => {
    const all = waiting(delivery("a", "1"));
    expect(all.settle({ "message-id": "1", subscription: "a" }, "1.2")).toBeUndefined();
    expect(all.settle({ "message-id": "1" }, "1.1")).toBeUndefined();
    expect(all.settle({ id: ackId("a", delivery("a", "1").outgoing) }, "1.1")).toBeUndefined();
    expect(all.settle({}, "1.0")).toBeUndefined();
    expect(all.depth).toBe(1);
  });
});

test("A35, A107: a message that the server sent twice may be answered twice, in every version, and no third time", () => {
  const one = delivery("a", "1", "client-individual");
  for (const [version, headers] of [
    ["1.2", { id: ackId("a", one.outgoing) }],
    ["1.1", { subscription: "a", "message-id": "1" }],
    ["1.0", { "message-id": "1" }],
  ] as const) {
    const all = waiting(one, one);
    expect(ids(all.settle(headers, version))).toEqual(["a/1"]);
    expect(all.settle(headers, version)).toEqual([]);
    expect(all.settle(headers, version)).toBeUndefined();
  }
  const left = waiting(one, one);
  left.forget("a");
  expect(left.settle({ id: ackId("a", one.outgoing) }, "1.2")).toBeUndefined();
});

test("a message that comes again waits once", () => {
  const all = waiting(delivery("a", "1"), delivery("a", "2"), delivery("a", "1"));
  expect([all.depth, all.bytes]).toEqual([2, 10]);
  expect(ids(all.settle({ subscription: "a", "message-id": "2" }, "1.1"))).toEqual(["a/2"]);
});

test("A58: what a subscription leaves behind is forgotten with it", () => {
  const all = waiting(delivery("a", "1"), delivery("b", "1"));
  all.forget("a");
  expect([all.depth, all.bytes]).toEqual([1, 5]);
  expect(all.settle({ subscription: "a", "message-id": "1" }, "1.1")).toBeUndefined();
});

test("NACK: once more, then it is a dead letter", () => {
  expect([1, 2].map((times) => healthy.afterNack(times))).toEqual(["redeliver", "drop"]);
});
