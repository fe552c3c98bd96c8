import { expect, test } from "vitest";
import { FrameTap } from "./tap.ts";
import { UNIT_BYTES_MAX, type Unit } from "./units.ts";
import { encodeFrame } from "./web-socket-frames.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const MASK = hex("37fa213d");
const text = (value: string, mask?: Buffer) => encodeFrame(1, Buffer.from(value), mask);
const fragment = (opcode: number, value: string, fin: boolean) => {
  const bytes = encodeFrame(opcode, Buffer.from(value));
  if (!fin) bytes[0]! &= 0x7f;
  return bytes;
};
const message = (room: string, body: string) =>
  `MESSAGE\ndestination:/topic/room.${room}\nmessage-id:1\n\n${body}\0`;
const PING = hex("89 00");
const CLOSE = hex("88 02 03e8");

interface Seen {
  readonly units: Unit[];
  readonly out: Buffer[];
}

/** Opens before chunk `from` and closes before chunk `to`; every unit is sent on as it is. */
function through(chunks: readonly Buffer[], from = 0, to = Number.POSITIVE_INFINITY): Seen {
  const units: Unit[] = [];
  const out: Buffer[] = [];
  const tap = new FrameTap((bytes) => void out.push(bytes));
  for (const [i, chunk] of chunks.entries()) {
    if (i === from)
      tap.open((unit) => {
        units.push(unit);
        out.push(unit.wire);
      });
    if (i === to) tap.close();
    tap.push(chunk);
  }
  tap.close();
  return { units, out };
}

const names = ({ units }: Seen) =>
  units.map(({ frame, destination }) => [frame, destination].filter(Boolean).join(" "));

/** A conversation with everything in it, and what its units are called. */
const conversation: readonly (readonly [Buffer, readonly string[]])[] = [
  [text("CONNECTED\nversion:1.2\nuser-name:ada\n\n\0"), ["CONNECTED"]],
  [text("\n"), ["heart-beat"]],
  [text(message("a", "hi")), ["MESSAGE /topic/room.a"]],
  [text(message("b", "hi\n"), MASK), ["MESSAGE /topic/room.b"]],
  [PING, ["ping"]],
  [text('{"not":"stomp"}'), ["data"]],
  [text("\r\n"), ["heart-beat"]],
  [
    encodeFrame(2, Buffer.from(`MESSAGE\r\ndestination:/q\r\ncontent-length:3\r\n\r\na\0b\0\n`)),
    ["MESSAGE /q"],
  ],
  [text(""), ["data"]],
  [hex("8a 80 37fa213d"), ["pong"]],
  [text("RECEIPT\nreceipt-id:7\n\n\0"), ["RECEIPT"]],
  [CLOSE, ["close"]],
];
const stream = Buffer.concat(conversation.map(([bytes]) => bytes));
const expected = conversation.flatMap(([, units]) => units);

test("every unit is named, and its bytes are those that came", () => {
  const seen = through([stream]);
  expect(names(seen)).toEqual(expected);
  expect(seen.out).toEqual(conversation.map(([bytes]) => bytes));
});

test("cut at every position the units are the same", () => {
  for (let at = 1; at < stream.length; at++) {
    const seen = through([stream.subarray(0, at), stream.subarray(at)]);
    expect(names(seen), `cut at ${at}`).toEqual(expected);
    expect(Buffer.concat(seen.out)).toEqual(stream);
  }
});

test("opened and closed at every position, not a byte is lost, doubled or moved", () => {
  for (let at = 1; at < stream.length; at++) {
    const chunks = [stream.subarray(0, at), stream.subarray(at)];
    expect(Buffer.concat(through(chunks, 1).out), `opened at ${at}`).toEqual(stream);
    expect(Buffer.concat(through(chunks, 0, 1).out), `closed at ${at}`).toEqual(stream);
    expect(Buffer.concat(through(chunks, 9).out), "never opened").toEqual(stream);
  }
});

test("unopened it passes chunks on as they are, without a copy, and counts frames", () => {
  const out: Buffer[] = [];
  const tap = new FrameTap((bytes) => void out.push(bytes));
  tap.push(stream);
  expect(out).toHaveLength(1);
  expect(out[0]).toBe(stream);
  expect(tap.frames).toBe(conversation.length);
});

test("fragments become one unit; a control frame between them does not wait", () => {
  const parts = [
    fragment(1, "MESSAGE\ndestination:/topic/room.a\n", false),
    PING,
    fragment(0, "\nhel", false),
    fragment(0, "lo\0", true),
  ];
  for (let cut = 1; cut < Buffer.concat(parts).length; cut++) {
    const bytes = Buffer.concat(parts);
    const seen = through([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(names(seen)).toEqual(["ping", "MESSAGE /topic/room.a"]);
    expect(seen.units[1]?.payload.toString()).toBe("MESSAGE\ndestination:/topic/room.a\n\nhello\0");
    expect(seen.units[1]?.wire).toEqual(Buffer.concat([parts[0]!, parts[2]!, parts[3]!]));
  }
});

test("a message whose first fragment had passed passes to its end, and then units begin", () => {
  const chunks = [
    fragment(1, "MESSAGE\n", false),
    fragment(0, "\nhel", false),
    fragment(0, "lo\0", true),
    text(message("a", "next")),
  ];
  const seen = through(chunks, 1);
  expect(names(seen)).toEqual(["MESSAGE /topic/room.a"]);
  expect(Buffer.concat(seen.out)).toEqual(Buffer.concat(chunks));
});

test("one STOMP frame over several messages is one unit, with all of their bytes", () => {
  const whole = message("a", "a long body");
  for (let at = 9; at < whole.length; at++) {
    const parts = [text(whole.slice(0, at), MASK), text(whole.slice(at), MASK)];
    const seen = through(parts);
    expect(names(seen), `split at ${at}`).toEqual(["MESSAGE /topic/room.a"]);
    expect(seen.units[0]?.wire).toEqual(Buffer.concat(parts));
  }
});

test("several STOMP frames in one message are units of their own, each in a frame of its own", () => {
  const both = message("a", "one") + message("b", "two");
  const seen = through([text(both, MASK)]);
  expect(names(seen)).toEqual(["MESSAGE /topic/room.a", "MESSAGE /topic/room.b"]);
  expect(seen.out).toEqual([text(message("a", "one"), MASK), text(message("b", "two"), MASK)]);
});

test("one and a half STOMP frames, and the other half later", () => {
  const half = message("b", "two").slice(0, 20);
  const seen = through([text(message("a", "one") + half), text(message("b", "two").slice(20))]);
  expect(names(seen)).toEqual(["MESSAGE /topic/room.a", "MESSAGE /topic/room.b"]);
  expect(seen.units[1]?.payload.toString()).toBe(message("b", "two"));
});

test("half a STOMP frame goes on when nobody looks any more, and before a close", () => {
  const half = text(message("a", "one").slice(0, 30));
  expect(through([half]).out).toEqual([half]);
  const seen = through([half, CLOSE]);
  expect(seen.out).toEqual([half, CLOSE]);
  expect(names(seen)).toEqual(["close"]);
});

test("what is too large to be kept passes as it comes, and what follows is a unit again", () => {
  const large = encodeFrame(2, Buffer.alloc(UNIT_BYTES_MAX + 1, 0x61));
  const chunks = [large.subarray(0, 1_000), large.subarray(1_000, 2_000), large.subarray(2_000), PING];
  const seen = through(chunks);
  expect(names(seen)).toEqual(["ping"]);
  expect(seen.out[0]).toHaveLength(1_000); // not kept until its end
  expect(Buffer.concat(seen.out).equals(Buffer.concat([large, PING]))).toBe(true);
});

test("fragments without end are not kept without bound", () => {
  const piece = fragment(0, "x".repeat(60_000), false);
  const chunks = [fragment(1, "SEND\n", false), ...Array.from({ length: 100 }, () => piece)];
  const seen = through(chunks);
  expect(seen.units).toEqual([]);
  expect(Buffer.concat(seen.out).equals(Buffer.concat(chunks))).toBe(true);
  expect(seen.out.length).toBeGreaterThan(2);
});

test("opened and closed again and again, at any cut, not a byte is lost, doubled or moved", () => {
  const long = Buffer.concat([
    stream,
    stream,
    fragment(1, "MESSAGE\n", false),
    PING,
    fragment(0, "\n\0", true),
    stream,
  ]);
  // mulberry32, as the run's own draws: a failure can be repeated.
  let state = 20_261_122;
  const draw = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  let units = 0;
  for (let round = 0; round < 2_000; round++) {
    const out: Buffer[] = [];
    const tap = new FrameTap((bytes) => void out.push(bytes));
    for (let at = 0; at < long.length; ) {
      const what = draw();
      if (what < 0.4)
        tap.open((unit) => {
          units += 1;
          out.push(unit.wire);
        });
      else if (what < 0.65) tap.close();
      const next = at + 1 + Math.floor(draw() * 90);
      tap.push(long.subarray(at, next));
      at = next;
    }
    tap.close();
    // A ping may overtake the fragments that it came between.
    const [got, expected] = [Buffer.concat(out), long].map((bytes) =>
      bytes.toString("latin1").replaceAll("\x89\x00", ""),
    );
    expect(got, `round ${round}`).toBe(expected);
    expect(Buffer.concat(out)).toHaveLength(long.length);
  }
  expect(units).toBeGreaterThan(2_000);
});
