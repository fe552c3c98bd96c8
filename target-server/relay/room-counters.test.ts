import { describe, expect, test } from "vitest";
import { RoomCounters } from "./room-counters.ts";

/** A store that knows nothing yet, and the raises that Redis got, in order. */
function counters(roomsMax: number, highestSequence: (room: string) => Promise<number> = async () => 0) {
  const raised: string[] = [];
  const raise = async (room: string, least: number) => void raised.push(`${room}=${least}`);
  return { raised, rooms: new RoomCounters({ highestSequence, raise, roomsMax, least: Math.max }) };
}

describe("A104: a room's counter is made sure of", () => {
  test("once per room and connection", async () => {
    const { raised, rooms } = counters(10);
    await Promise.all([rooms.exists("a"), rooms.exists("a")]);
    expect(rooms.exists("a")).toBeUndefined();
    rooms.connectionLost();
    await rooms.exists("a");
    rooms.isGone("a");
    await rooms.exists("a");
    expect(raised).toEqual(["a=0", "a=0", "a=0"]);
  });

  test("from what the store has or this instance heard, whichever is more", async () => {
    const { raised, rooms } = counters(10, async (room) => (room === "a" ? 7 : 0));
    rooms.heard("a", 5);
    rooms.heard("b", 9);
    await rooms.exists("a");
    await rooms.exists("b");
    expect(raised).toEqual(["a=7", "b=9"]);
  });

  test("again when the store did not answer", async () => {
    let answers = false;
    const { raised, rooms } = counters(10, async () => {
      if (!answers) throw new Error("away");
      return 3;
    });
    await expect(rooms.exists("a")).rejects.toThrow("away");
    answers = true;
    await rooms.exists("a");
    expect(raised).toEqual(["a=3"]);
  });

  test("again before Redis may have let it run out: half a day", async () => {
    let nowMs = 0;
    const raised: string[] = [];
    const rooms = new RoomCounters({
      highestSequence: async () => 0,
      raise: async (room) => raised.push(room),
      least: Math.max,
      now: () => nowMs,
    });
    await rooms.exists("a");
    nowMs = 43_199_999;
    expect(rooms.exists("a")).toBeUndefined();
    nowMs = 43_200_000;
    await rooms.exists("a");
    expect(raised).toEqual(["a", "a"]);
  });

  test("in the order of the questions, also where some are sure and some are not", async () => {
    const { rooms } = counters(10);
    const order: string[] = [];
    const publish = async (name: string) => {
      await rooms.exists("a");
      order.push(name);
      // The one that comes the moment the counter is sure.
      if (name === "1") void publish("3");
    };
    await Promise.all([publish("1"), publish("2")]);
    await Promise.resolve();
    expect(order).toEqual(["1", "2", "3"]);
  });
});

describe("A88: rooms that were silent longest are forgotten", () => {
  test("100,000 rooms leave no more than the limit behind", async () => {
    const { rooms } = counters(1_000);
    for (let n = 0; n < 100_000; n++) {
      rooms.heard(`room-${n}`, 1);
      await rooms.exists(`room-${n}`);
    }
    expect(rooms.size).toBe(1_000);
  });

  test("a room that goes on speaking is remembered, whoever speaks beside it", async () => {
    const { raised, rooms } = counters(3);
    for (let n = 1; n <= 10; n++) {
      rooms.heard("busy", n);
      rooms.heard(`other-${n}`, 1);
    }
    rooms.connectionLost();
    await rooms.exists("busy");
    expect(raised).toEqual(["busy=10"]);
  });

  test("a forgotten room gets its sequence from the store, which has had it by then", async () => {
    const { raised, rooms } = counters(2, async (room) => (room === "old" ? 41 : 0));
    rooms.heard("old", 41);
    for (const room of ["x", "y"]) rooms.heard(room, 1);
    await rooms.exists("old");
    expect(raised).toEqual(["old=41"]);
  });
});
