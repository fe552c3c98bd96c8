import { expect, test } from "vitest";
import { encodeFrame, FrameCursor, maskOf, payloadOf } from "./web-socket-frames.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const MASK = hex("37fa213d");

/** RFC 6455, 5.7, and the lengths that it leaves out. */
const examples: readonly (readonly [string, Buffer, { opcode: number; fin: boolean; payload: number }])[] = [
  ["unmasked text", hex("81 05 48656c6c6f"), { opcode: 1, fin: true, payload: 5 }],
  ["masked text", hex("81 85 37fa213d 7f9f4d5158"), { opcode: 1, fin: true, payload: 5 }],
  ["first fragment", hex("01 03 48656c"), { opcode: 1, fin: false, payload: 3 }],
  ["last fragment", hex("80 02 6c6f"), { opcode: 0, fin: true, payload: 2 }],
  ["ping", hex("89 05 48656c6c6f"), { opcode: 9, fin: true, payload: 5 }],
  ["masked pong", hex("8a 85 37fa213d 7f9f4d5158"), { opcode: 10, fin: true, payload: 5 }],
  ["empty text", hex("81 00"), { opcode: 1, fin: true, payload: 0 }],
  ["empty masked text", hex("81 80 37fa213d"), { opcode: 1, fin: true, payload: 0 }],
  ["a beat", hex("81 01 0a"), { opcode: 1, fin: true, payload: 1 }],
  ["close 1000", hex("88 02 03e8"), { opcode: 8, fin: true, payload: 2 }],
  ["125 bytes", encodeFrame(2, Buffer.alloc(125, 7)), { opcode: 2, fin: true, payload: 125 }],
  [
    "126 bytes, a 16-bit length",
    encodeFrame(2, Buffer.alloc(126, 7)),
    { opcode: 2, fin: true, payload: 126 },
  ],
  [
    "65,535 bytes, masked",
    encodeFrame(2, Buffer.alloc(65_535, 7), MASK),
    { opcode: 2, fin: true, payload: 65_535 },
  ],
  [
    "65,536 bytes, a 64-bit length",
    encodeFrame(2, Buffer.alloc(65_536, 7)),
    { opcode: 2, fin: true, payload: 65_536 },
  ],
];

/** What the cursor sees in these chunks. */
function seen(chunks: readonly Buffer[]) {
  const cursor = new FrameCursor();
  const frames: { opcode: number; fin: boolean; payload: number }[] = [];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      at = cursor.step(chunk, at);
      const { opcode, fin, payloadBytes: payload } = cursor;
      if (cursor.ended) frames.push({ opcode, fin, payload });
    }
  }
  expect(cursor.atBoundary).toBe(true);
  return frames;
}

test.each(examples)("%s is measured by its head", (_, bytes, expected) => {
  expect(seen([bytes])).toEqual([expected]);
});

test("many frames in one chunk, and the same frames cut at every position", () => {
  const short = examples.filter(([, bytes]) => bytes.length < 200);
  const stream = Buffer.concat(short.map(([, bytes]) => bytes));
  const expected = short.map(([, , frame]) => frame);
  expect(seen([stream])).toEqual(expected);
  for (let at = 1; at < stream.length; at++)
    expect(seen([stream.subarray(0, at), stream.subarray(at)]), `cut at ${at}`).toEqual(expected);
  expect(seen([...stream].map((byte) => Buffer.of(byte)))).toEqual(expected);
});

test("a 64-bit length cut at every position of its head", () => {
  const bytes = encodeFrame(1, Buffer.alloc(70_000, 0x61), MASK);
  for (let at = 1; at < 15; at++)
    expect(seen([bytes.subarray(0, at), bytes.subarray(at)])).toEqual([
      { opcode: 1, fin: true, payload: 70_000 },
    ]);
});

test("a masked payload is read through its mask, and written through it", () => {
  const wire = hex("81 85 37fa213d 7f9f4d5158");
  expect(payloadOf(wire, 6).toString()).toBe("Hello");
  expect(maskOf(wire, 6)).toEqual(MASK);
  expect(encodeFrame(1, Buffer.from("Hello"), MASK)).toEqual(wire);
  expect(encodeFrame(1, Buffer.from("Hello"))).toEqual(hex("81 05 48656c6c6f"));
  expect(wire).toEqual(hex("81 85 37fa213d 7f9f4d5158")); // and left as it was
});
