import { expect, test } from "vitest";
import { Inbox, type LoggedEnvelope } from "./inbox.ts";

function message(logId: string, msgId = `m${logId}`, userId: string | null = null): LoggedEnvelope {
  return {
    ...{ logId, msgId, userId, destination: "/topic/room.r", originServerId: "s", timestamp: 0 },
    ...{ seq: 1, payload: "{}" },
  };
}

function inbox() {
  const delivered: string[] = [];
  const box = new Inbox(({ msgId }) => delivered.push(msgId));
  return { box, delivered };
}

test("A94: what is heard while the log is read comes after it, and once", () => {
  const { box, delivered } = inbox();
  const wait = box.hold();
  box.hear(message("2-0"));
  box.hear(message("3-0"));
  for (const logId of ["1-0", "2-0"]) box.take(message(logId));
  expect(delivered).toEqual(["m1-0", "m2-0"]);
  expect(box.isHeldBy(wait)).toBe(true);
  box.release();
  box.hear(message("4-0"));
  expect(delivered).toEqual(["m1-0", "m2-0", "m3-0", "m4-0"]);
});

test("A94: a newer connection's wait ends the older one's", () => {
  const { box } = inbox();
  const old = box.hold();
  box.hold();
  expect(box.isHeldBy(old)).toBe(false);
});

test("A93: the same place, an earlier place and the same id again are not delivered", () => {
  const { box, delivered } = inbox();
  box.release();
  for (const one of [message("5-0"), message("5-0"), message("4-9"), message("6-0", "m5-0")]) box.hear(one);
  expect(delivered).toEqual(["m5-0"]);
});

test("A42: a direct message is one message with two addressees", () => {
  const { box, delivered } = inbox();
  box.release();
  box.hear(message("1-0", "dm", "ann"));
  box.hear(message("1-1", "dm", "bob"));
  expect(delivered).toEqual(["dm", "dm"]);
});
