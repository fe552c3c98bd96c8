import { describe, expect, test } from "vitest";
import { RoomQueues } from "./room-queues.ts";

const queues = (capacity = 1_000, forgets = true) => new RoomQueues({ capacity, forgetsIdle: () => forgets });

describe("A105: room queues", () => {
  test("A105, B65: a room's work is done in the order it came, one at a time, whatever each takes", async () => {
    const rooms = queues();
    const done: number[] = [];
    let now = 0;
    let most = 0;
    const work = (n: number) => async () => {
      now += 1;
      most = Math.max(most, now);
      // The first takes longest.
      for (let turns = 20 - n; turns > 0; turns--) await Promise.resolve();
      now -= 1;
      done.push(n);
    };
    await Promise.all([0, 1, 2, 3, 4].map((n) => rooms.run("a", work(n))));
    expect(done).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(1);
  });

  test("A105: rooms do not wait for each other", async () => {
    const rooms = queues();
    const never = rooms.run("slow", () => new Promise<void>(() => {}));
    expect(await rooms.run("quick", async () => "done")).toBe("done");
    void never;
  });

  test("A105: what fails is told to whom it concerns, and the next one goes on", async () => {
    const rooms = queues();
    const failed = rooms.run("a", () => Promise.reject(new Error("no")));
    const next = rooms.run("a", async () => "next");
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("next");
  });

  test("A105, B71: after 10,000 rooms no queue is left; without that decision all of them are", async () => {
    const [healthy, sick] = [queues(100_000), queues(100_000, false)];
    const all = Array.from({ length: 10_000 }, (_, n) => `room-${n}`);
    for (const rooms of [healthy, sick]) {
      await Promise.all(all.flatMap((room) => [1, 2].map(() => rooms.run(room, async () => {}))));
    }
    expect([healthy.size, sick.size]).toEqual([0, 10_000]);
  });

  test("A105, A72: it is full at its capacity, over all rooms, and has room again", async () => {
    const rooms = queues(2);
    const ends: (() => void)[] = [];
    const running = ["a", "b"].map((room) =>
      rooms.run(room, () => new Promise<void>((end) => ends.push(end))),
    );
    expect(rooms.full).toBe(true);
    for (const end of ends) end();
    await Promise.all(running);
    expect(rooms.full).toBe(false);
  });
});
