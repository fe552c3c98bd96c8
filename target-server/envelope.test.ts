import fc from "fast-check";
import { expect, test } from "vitest";
import { envelopePieces, isAfter, parseEnvelope } from "./envelope.ts";
import { type ChatMessage, messageId } from "./message.ts";

const text = fc.string({ unit: "grapheme", maxLength: 30 });

test("A92, A41: the pieces with the sequence in both holes are the envelope, whatever the texts contain", () => {
  fc.assert(
    fc.property(text, text, text, fc.nat(), (content, senderId, roomId, seq) => {
      const message: ChatMessage = {
        id: messageId(),
        roomId,
        senderId,
        clientMessageId: "c",
        content,
        ts: 12,
        serverId: "server-1",
      };
      const [head, middle, tail] = envelopePieces("/topic/room.x", message, 34);
      const envelope = parseEnvelope(`{"logId":"5-0",${head}${seq}${middle}${seq}${tail}`);
      expect(envelope).toMatchObject({
        logId: "5-0",
        destination: "/topic/room.x",
        userId: null,
        originServerId: "server-1",
        timestamp: 34,
        msgId: message.id,
        seq,
      });
      expect(JSON.parse(envelope!.payload)).toEqual({
        id: message.id,
        roomId,
        senderId,
        content,
        ts: 12,
        seq,
      });
    }),
  );
});

test.each(["Hello", "null", "{}", "[]", '{"logId":"x","seq":1}', '{"logId":"1-0"'])(
  "I36: %j on the channel is no envelope",
  (stray) => {
    expect(parseEnvelope(stray)).toBeUndefined();
  },
);

test("A94: places in the log are compared as numbers", () => {
  expect(isAfter("1000-0", "999-5")).toBe(true);
  expect(isAfter("1000-10", "1000-9")).toBe(true);
  expect(isAfter("1000-9", "1000-9")).toBe(false);
});

test("A106: ids are UUIDs of version 7 that sort in the order they were made", () => {
  const ids = Array.from({ length: 1_000 }, () => messageId());
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});
