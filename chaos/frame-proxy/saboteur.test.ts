import { expect, test } from "vitest";
import { Lane } from "./lane.ts";
import type { Act, FrameRule } from "./rule.ts";
import { applyTo, sabotageBy, sendAside } from "./saboteur.ts";
import { FrameTap } from "./tap.ts";
import { chooseVictims } from "./victims.ts";
import { encodeFrame } from "./web-socket-frames.ts";

const text = (value: string, mask?: Buffer) => encodeFrame(1, Buffer.from(value), mask);
const message = (id: string, destination = "/topic/a") =>
  text(`MESSAGE\ndestination:${destination}\n\nbody ${id}\0`);
const RECEIPT = text("RECEIPT\nreceipt-id:1\n\n\0");
const BEAT = text("\n");

const rule = (act: Act, part: Partial<FrameRule> = {}): FrameRule => ({
  label: "test",
  victims: 1,
  streams: ["downstream"],
  frame: "MESSAGE",
  destination: "",
  nth: 1,
  count: 1,
  act,
  ...part,
});

/** What leaves when these frames come under these rules; and what leaves when the rules are lifted. */
function under(rules: readonly FrameRule[], frames: readonly Buffer[]) {
  const out: Buffer[] = [];
  const lane = new Lane(
    (bytes) => void out.push(bytes),
    () => {},
  );
  const sabotages = rules.map(sabotageBy);
  const tap = new FrameTap((bytes) => lane.send(bytes));
  tap.open((unit) => applyTo(unit, sabotages, lane));
  for (const frame of frames) tap.push(frame);
  const before = [...out];
  for (const sabotage of sabotages) sendAside(sabotage, lane);
  return { out: before, healed: out.slice(before.length), sabotages };
}

const [one, two, three, four] = ["1", "2", "3", "4"].map((id) => message(id)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];
const all = [one, BEAT, two, RECEIPT, three, four];

const table: readonly (readonly [string, FrameRule, readonly Buffer[], readonly Buffer[]])[] = [
  ["drop: the first", rule({ kind: "drop" }), [BEAT, two, RECEIPT, three, four], []],
  ["drop: the second", rule({ kind: "drop" }, { nth: 2 }), [one, BEAT, RECEIPT, three, four], []],
  [
    "drop: the second and third",
    rule({ kind: "drop" }, { nth: 2, count: 2 }),
    [one, BEAT, RECEIPT, four],
    [],
  ],
  ["drop: all from the third", rule({ kind: "drop" }, { nth: 3, count: 0 }), [one, BEAT, two, RECEIPT], []],
  ["drop: a receipt", rule({ kind: "drop" }, { frame: "RECEIPT" }), [one, BEAT, two, three, four], []],
  ["drop: a beat", rule({ kind: "drop" }, { frame: "heart-beat" }), [one, two, RECEIPT, three, four], []],
  ["drop: of another destination", rule({ kind: "drop" }, { destination: "/topic/b" }), all, []],
  ["drop: of this destination", rule({ kind: "drop" }, { destination: "/topic/a" }), all.slice(1), []],
  [
    "drop: of destinations that begin so",
    rule({ kind: "drop" }, { destination: "/topic/*" }),
    all.slice(1),
    [],
  ],
  ["drop: any frame", rule({ kind: "drop" }, { frame: "any", count: 3 }), [RECEIPT, three, four], []],
  ["duplicate: twice more", rule({ kind: "duplicate", copies: 2 }), [one, one, ...all], []],
  ["reorder: behind one", rule({ kind: "reorder", behind: 1 }), [BEAT, two, one, RECEIPT, three, four], []],
  ["reorder: behind two", rule({ kind: "reorder", behind: 2 }), [BEAT, two, RECEIPT, three, one, four], []],
  [
    "reorder: behind more than come: at the healing",
    rule({ kind: "reorder", behind: 9 }),
    [BEAT, two, RECEIPT, three, four],
    [one],
  ],
];

test.each(table)("%s", (_, given, out, healed) => {
  const seen = under([given], all);
  expect(seen.out.map(String)).toEqual(out.map(String));
  expect(seen.healed).toEqual(healed);
  expect(seen.sabotages[0]?.acted).toBe(given.destination === "/topic/b" ? 0 : given.count || 2);
});

test("two rules: the first that hits decides, and each counts what matches", () => {
  const seen = under(
    [rule({ kind: "drop" }), rule({ kind: "duplicate", copies: 1 }, { nth: 2 })],
    [one, two, three],
  );
  expect(seen.out).toEqual([two, two, three]);
  expect(seen.sabotages.map(({ matched, acted }) => [matched, acted])).toEqual([
    [3, 1],
    [3, 1],
  ]);
});

test("truncate: the frame is whole and its text is not, or the frame itself is not whole", () => {
  const payload = "MESSAGE\ndestination:/topic/a\n\nbody 1\0";
  const stomp = under([rule({ kind: "truncate", level: "stomp", keepPercent: 50 })], [one]);
  expect(stomp.out).toEqual([text(payload.slice(0, 18))]);
  const socket = under([rule({ kind: "truncate", level: "websocket", keepPercent: 50 })], [one, two]);
  expect(socket.out).toEqual([one.subarray(0, Math.floor(one.length / 2)), two]);
  const nothing = under([rule({ kind: "truncate", level: "stomp", keepPercent: 0 })], [one]);
  expect(nothing.out).toEqual([text("")]);
});

test("corrupt: the head has reserved bits, the text is no UTF-8, the command is none, the body says something else", () => {
  const corrupted = (part: "head" | "text" | "command" | "body", frame = one) =>
    under([rule({ kind: "corrupt", part }, { frame: "any" })], [frame]).out[0] as Buffer;
  expect(corrupted("head")[0]).toBe(0xf1);
  expect(() => new TextDecoder("utf-8", { fatal: true }).decode(corrupted("text").subarray(2))).toThrow();
  expect(corrupted("command").subarray(2).toString()).toMatch(/^mESSAGE\n/);
  const body = corrupted("body").subarray(2).toString();
  expect(body).toMatch(/^MESSAGE\ndestination:\/topic\/a\n\n[a-z]+ \w\0$/);
  expect(body).not.toBe(one.subarray(2).toString());
  expect(corrupted("body", BEAT)[0]).toBe(0xf1); // it has no body
  expect(corrupted("text")).toEqual(corrupted("text")); // nothing is left to chance
});

test("a client's frame keeps its mask when it is framed anew", () => {
  const mask = Buffer.from("01020304", "hex");
  const sent = text("SEND\ndestination:/app/x\n\nhi\0", mask);
  const [cut] = under(
    [rule({ kind: "truncate", level: "stomp", keepPercent: 90 }, { frame: "SEND" })],
    [sent],
  ).out;
  expect(cut).toEqual(text("SEND\ndestination:/app/x\n\n", mask));
});

test("a delayed frame holds back what follows it, and not for ever", async () => {
  const out: Buffer[] = [];
  const pressure: number[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const lane = new Lane(
    (bytes) => {
      out.push(bytes);
      if (out.length === 3) resolve();
    },
    (waiting) => void pressure.push(waiting),
  );
  lane.send(one);
  lane.sendLater(two, 50);
  lane.send(three);
  expect(out).toEqual([one]);
  expect(pressure).toEqual([two.length, two.length + three.length]);
  await over;
  expect(out).toEqual([one, two, three]);
  expect(lane.waitingBytes).toBe(0);
});

test("same seed, same victims, in whatever order they came; another seed, others", () => {
  const users = Array.from({ length: 50 }, (_, i) => `user-${i}`);
  const choose = (list: readonly string[], seed: number, label = "frame-drop", count = 5) =>
    chooseVictims(list, (user) => user, { seed, label, count });
  const chosen = choose(users, 7);
  expect(new Set(chosen).size).toBe(5);
  expect(choose(users.toReversed(), 7)).toEqual(chosen);
  expect(choose(users, 8)).not.toEqual(chosen);
  expect(choose(users, 7, "frame-delay")).not.toEqual(chosen);
  expect(
    choose(
      users.filter((user) => !chosen.slice(0, 2).includes(user)),
      7,
    ).slice(0, 3),
  ).toEqual(chosen.slice(2));
  expect(choose(users, 7, "frame-drop", 99)).toHaveLength(50);
  expect(choose([], 7)).toEqual([]);
});
