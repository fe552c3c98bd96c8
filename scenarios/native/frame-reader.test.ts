import { describe, expect, test } from "vitest";
import { encodeFrame } from "./frame.ts";
import { BadFrame, FrameReader, MESSAGE_BYTES_MAX } from "./frame-reader.ts";

/** What the reader finds in these chunks: `text:…` and so on, then what it refused. */
function read(...chunks: readonly Uint8Array[]): string[] {
  const reader = new FrameReader();
  const found: string[] = [];
  try {
    for (const chunk of chunks) {
      reader.take(Buffer.from(chunk));
      while (reader.next()) found.push(`${names[reader.opcode]}:${reader.text()}`);
    }
  } catch (error) {
    if (!(error instanceof BadFrame)) throw error;
    found.push(`${error.code} ${error.message}`);
  }
  return found;
}

const names: Readonly<Record<number, string>> = { 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong" };

function hex(bytes: string): Buffer {
  return Buffer.from(bytes.replaceAll(" ", ""), "hex");
}

/** As a server sends it: unmasked. */
function frame(opcode: number, payload: string | Buffer = "", final = true): Buffer {
  return encodeFrame({ opcode, payload: Buffer.from(payload), final, masked: false });
}

describe("frames of a server", () => {
  test.each([
    ["81 05 48 65 6c 6c 6f", ["text:Hello"]],
    ["81 00", ["text:"]],
    ["01 03 48 65 6c 80 02 6c 6f", ["text:Hello"]],
    ["01 03 48 65 6c 89 01 21 80 02 6c 6f", ["ping:!", "text:Hello"]],
    ["01 00 00 00 80 00", ["text:"]],
    ["81 7e 00 05 48 65 6c 6c 6f", ["text:Hello"]],
    ["81 7f 00 00 00 00 00 00 00 05 48 65 6c 6c 6f", ["text:Hello"]],
    ["82 02 61 62 88 02 03 e8 8a 00", ["binary:ab", "close:\u0003\ufffd", "pong:"]],
    ["81 02 c3 28", ["text:\ufffd("]],
  ])("%s", (bytes, found) => {
    expect(read(hex(bytes))).toEqual(found);
  });

  test("cut at every byte, and into single bytes, they are the same", () => {
    const bytes = Buffer.concat([
      frame(1, "a"),
      frame(1, "ü".repeat(100)),
      frame(9, "ping"),
      frame(1, "b".repeat(300)),
      frame(1, "first ", false),
      frame(10),
      frame(0, "second ", false),
      frame(0, "last"),
      frame(2, "c".repeat(70_000)),
      frame(8, Buffer.from([3, 232])),
    ]);
    const whole = read(bytes);
    expect(whole).toHaveLength(8);
    expect(whole[5]).toBe("text:first second last");
    for (let at = 0; at <= bytes.length; at += at < 800 || at > bytes.length - 800 ? 1 : 997) {
      expect(read(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
    }
    expect(read(...Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole);
  });

  test("a payload that was cut does not change when the shared buffer is read into again", () => {
    const reader = new FrameReader();
    const bytes = frame(1, "precious");
    const shared = Buffer.alloc(64);
    const into = (from: number, to: number) =>
      reader.take(shared.subarray(0, bytes.copy(shared, 0, from, to)));
    into(0, 1);
    expect(reader.next()).toBe(false);
    shared.fill(0xff);
    into(1, 6);
    expect(reader.next()).toBe(false);
    shared.fill(0xff);
    into(6, bytes.length);
    expect(reader.next()).toBe(true);
    expect(reader.text()).toBe("precious");
  });

  test("what was not looked at can be asked for", () => {
    const reader = new FrameReader();
    reader.take(Buffer.concat([frame(1, "one"), frame(1, "two")]));
    expect(reader.next()).toBe(true);
    expect(reader.rest()).toEqual(frame(1, "two"));
  });

  test("a million tiny frames are a million messages", () => {
    const reader = new FrameReader();
    const chunk = Buffer.concat(new Array(1_000).fill(frame(1, "\n")));
    let count = 0;
    for (let i = 0; i < 1_000; i++) {
      reader.take(chunk);
      while (reader.next()) count += 1;
    }
    expect(count).toBe(1_000_000);
  });
});

describe("what a server may not send", () => {
  test.each([
    ["c1 00", "1002 a frame with reserved bits set"],
    ["81 80 00 00 00 00", "1002 a masked frame from the server"],
    ["83 00", "1002 a frame with opcode 3"],
    ["8b 00", "1002 a frame with opcode 11"],
    ["08 00", "1002 a control frame in fragments"],
    ["89 7e 00 7e", "1002 a control frame of 126 bytes"],
    ["80 00", "1002 a continuation of nothing"],
    ["01 00 81 00", "1002 a new message inside another"],
    ["82 7f 00 00 00 00 00 98 96 80", `1009 a message of more than ${MESSAGE_BYTES_MAX} bytes`],
    ["82 7f 7f ff ff ff ff ff ff ff", `1009 a message of more than ${MESSAGE_BYTES_MAX} bytes`],
    ["48 54 54 50 2f 31 2e 31 20 34 30 30", "1002 a frame with reserved bits set"],
  ])("%s", (bytes, refusal) => {
    expect(read(hex(bytes))).toEqual([refusal]);
  });

  test("a message may not grow beyond the limit in fragments, nor have them without end", () => {
    const half = Buffer.alloc(MESSAGE_BYTES_MAX / 2);
    const fragments = [frame(1, half, false), frame(0, half, false), frame(0, "x", false)];
    expect(read(...fragments)).toEqual([`1009 a message of more than ${MESSAGE_BYTES_MAX} bytes`]);
    const reader = new FrameReader();
    reader.take(frame(1, "", false));
    reader.next();
    reader.take(Buffer.concat(new Array(40_000).fill(frame(0, "", false))));
    expect(() => reader.next()).toThrow(BadFrame);
  });
});
