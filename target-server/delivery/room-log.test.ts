import { expect, test } from "vitest";
import { RoomLog } from "./room-log.ts";

const message = (seq: number) => ({ seq, msgId: `m${seq}`, serverId: "s", payload: "{}" });
const seqs = (messages: readonly { readonly seq: number }[] | undefined) => messages?.map(({ seq }) => seq);

function logOf(capacity: number, ...added: readonly (readonly [string, number])[]): RoomLog {
  const log = new RoomLog({ messages: capacity, characters: 1_000_000 });
  for (const [room, seq] of added) log.add(room, message(seq));
  return log;
}

test("A107: what comes strictly after a sequence, in order", () => {
  const log = logOf(10, ["a", 1], ["b", 7], ["a", 2], ["a", 3]);
  expect(seqs(log.complete("a", 1))).toEqual([2, 3]);
  expect(seqs(log.complete("a", 3))).toEqual([]);
  expect(seqs(log.complete("a", 0))).toEqual([1, 2, 3]);
});

test("A108: what may be incomplete is never passed off as complete", () => {
  const log = logOf(3, ["a", 1], ["a", 2], ["a", 3], ["a", 4]);
  expect(log.complete("a", 0)).toBeUndefined();
  expect(seqs(log.complete("a", 1))).toEqual([2, 3, 4]);
  expect(log.complete("never heard of", 0)).toBeUndefined();
  expect(seqs(logOf(9, ["a", 1], ["a", 5]).complete("a", 1))).toBeUndefined();
});

test("A39: the last so many, or all that ever were", () => {
  const log = logOf(10, ["a", 1], ["a", 2], ["a", 3]);
  expect(seqs(log.last("a", 2))).toEqual([2, 3]);
  expect(seqs(log.last("a", 50))).toEqual([1, 2, 3]);
  expect(logOf(2, ["a", 1], ["a", 2], ["a", 3]).last("a", 50)).toBeUndefined();
});

test("the oldest message of all rooms goes first, and empty rooms leave nothing behind", () => {
  const log = logOf(2, ["a", 1], ["b", 1], ["c", 1]);
  expect(log.newest("a")).toBeUndefined();
  expect(log.newest("b")).toBe(1);
  for (let seq = 2; seq < 2_000; seq++) log.add("c", message(seq));
  expect(log.newest("b")).toBeUndefined();
  expect(seqs(log.known("c", 0))).toEqual([1_998, 1_999]);
});

test("A108: big messages are bounded by their characters, and the rooms that lost some know it", () => {
  const log = new RoomLog({ messages: 1_000, characters: 10_000 });
  const big = (seq: number, length: number) => ({ ...message(seq), payload: "x".repeat(length) });
  for (let seq = 1; seq <= 5_000; seq++) log.add(`room-${seq % 7}`, big(Math.ceil(seq / 7), 1_000));
  expect(log.size).toEqual({ messages: 10, characters: 10_000 });
  expect(log.complete("room-1", 0)).toBeUndefined();
  // Small ones have room again, up to their number.
  for (let seq = 1; seq <= 1_500; seq++) log.add("small", message(seq));
  expect(log.size).toEqual({ messages: 1_000, characters: 2_000 });
  expect(seqs(log.known("small", 1_498))).toEqual([1_499, 1_500]);
  // One alone that is bigger than all of it.
  log.add("huge", big(1, 20_000));
  expect(log.size.messages).toBe(1);
  log.add("huge", message(2));
  expect(log.size).toEqual({ messages: 1, characters: 2 });
});

test("after a break that nothing closed it knows nothing", () => {
  const log = logOf(10, ["a", 1]);
  log.clear();
  expect(log.complete("a", 0)).toBeUndefined();
  log.add("a", message(5));
  expect(seqs(log.complete("a", 4))).toEqual([5]);
});
