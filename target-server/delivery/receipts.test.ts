import { expect, test } from "vitest";
import { toEvents } from "./receipts.ts";

const receipt = (message_id: string, user_id: string, status: "READ" | "DELIVERED", room_id = "r") => ({
  ...{ message_id, user_id, status, room_id },
  sender_id: "ann",
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
