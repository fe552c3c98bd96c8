import { expect, test } from "vitest";
import { toEvents } from "./receipts.ts";

const receipt = (message_id: string, user_id: string, status: "READ" | "DELIVERED", room_id = "r") => ({
  ...{ message_id, user_id, status, room_id },
  sender_id: "ann",
});

test("A115, A66: more than fit in one message are told in several, all of them and each once", () => {
  const ids = Array.from(
    { length: 20_000 },
    (_, n) => `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`,
  );
  const events = toEvents(
    ids.map((id) => receipt(id, "eve", "READ")),
    0,
  );
  for (const { payload } of events) expect(payload.length).toBeLessThan(65_536);
  expect(new Set(events.map(({ msgId }) => msgId)).size).toBe(events.length);
  const told = events.flatMap(({ payload }) => JSON.parse(payload).receipts[0].messageIds as string[]);
  expect(told).toEqual(ids);
});

test("A115: one message for each sender and room, whoever read and however many messages", () => {
  const events = toEvents(
    [
      receipt("m1", "bob", "READ"),
      receipt("m2", "bob", "READ"),
      receipt("m2", "eve", "DELIVERED"),
      receipt("d1", "bob", "READ", ""),
    ],
    7,
  );
  expect(events.map(({ user, queue, payload }) => [user, queue, JSON.parse(payload)])).toEqual([
    [
      "ann",
      "/queue/receipts",
      {
        type: "receipts",
        roomId: "r",
        ts: 7,
        receipts: [
          { userId: "bob", status: "READ", messageIds: ["m1", "m2"] },
          { userId: "eve", status: "DELIVERED", messageIds: ["m2"] },
        ],
      },
    ],
    [
      "ann",
      "/queue/receipts",
      {
        type: "receipts",
        roomId: null,
        ts: 7,
        receipts: [{ userId: "bob", status: "READ", messageIds: ["d1"] }],
      },
    ],
  ]);
});
