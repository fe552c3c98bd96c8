import fc from "fast-check";
import { expect, test } from "vitest";
import { Decoder } from "../../target-server/stomp/decode.ts";
import { encode } from "../../target-server/stomp/encode.ts";
import { frame } from "../../target-server/stomp/frame.ts";
import { body, header, LazyReader } from "./lazy-frame.ts";

interface Seen {
  command: string;
  headers: Record<string, string | undefined>;
  body: string;
}

function read(pieces: readonly string[], names: readonly string[] = []): Seen[] {
  const reader = new LazyReader();
  const seen: Seen[] = [];
  for (const piece of pieces) {
    reader.read(piece, (frame) => {
      const headers = Object.fromEntries(names.map((name) => [name, header(frame, name)]));
      seen.push({ command: frame.command, headers, body: body(frame) });
    });
  }
  return seen;
}

const message = 'MESSAGE\nsubscription:sub-0\nseq:17\nmessage-id:a\\cb\n\n{"content":"sw1/n/1/2/3/"}\0';

test("A34: several frames and heart-beats in one WebSocket message", () => {
  const seen = read(
    [`\n\n${message}\n\r\nRECEIPT\nreceipt-id:m4\n\n\0\n`],
    ["seq", "message-id", "receipt-id"],
  );
  expect(seen).toEqual([
    {
      command: "MESSAGE",
      headers: { seq: "17", "message-id": "a:b", "receipt-id": undefined },
      body: '{"content":"sw1/n/1/2/3/"}',
    },
    {
      command: "RECEIPT",
      headers: { seq: undefined, "message-id": undefined, "receipt-id": "m4" },
      body: "",
    },
  ]);
});

test("A34: cut at every position into two WebSocket messages, the frames are the same", () => {
  const stream = `${message}\n${message}RECEIPT\nreceipt-id:m4\ncontent-length:3\n\na\0b\0`;
  const whole = read([stream], ["seq", "receipt-id"]);
  expect(whole.map((frame) => frame.body)).toEqual([whole[0]!.body, whole[0]!.body, "a\0b"]);
  for (let cut = 0; cut <= stream.length; cut++) {
    expect(read([stream.slice(0, cut), stream.slice(cut)], ["seq", "receipt-id"]), `cut at ${cut}`).toEqual(
      whole,
    );
  }
});

test("lines may end with CR LF (STOMP 1.2)", () => {
  expect(read(["CONNECTED\r\nversion:1.2\r\nserver-id:s1\r\n\r\nbody\0"], ["version", "server-id"])).toEqual([
    { command: "CONNECTED", headers: { version: "1.2", "server-id": "s1" }, body: "body" },
  ]);
});

test("the first of several headers wins, and a line of the body is not a header", () => {
  expect(
    read(["MESSAGE\nseq:1\nseq:2\n\nx\nsubscription:9\n\0"], ["seq", "subscription"])[0]!.headers,
  ).toEqual({
    seq: "1",
    subscription: undefined,
  });
});

test("content-length counts bytes of UTF-8, also where the body has NULs and pairs", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "\0", "é", "€", "😀", "\n")), (chars) => {
      const text = chars.join("");
      const bytes = new TextEncoder().encode(text).length;
      const stream = `MESSAGE\ncontent-length:${bytes}\n\n${text}\0RECEIPT\n\n\0`;
      expect(read([stream]).map((frame) => [frame.command, frame.body])).toEqual([
        ["MESSAGE", text],
        ["RECEIPT", ""],
      ]);
    }),
  );
});

test("a frame without an end is refused instead of kept for ever", () => {
  const reader = new LazyReader();
  expect(() => {
    for (let i = 0; i < 20; i++) reader.read("x".repeat(1024 * 1024), () => {});
  }).toThrow(RangeError);
});

const headerText = fc.string({
  unit: fc.constantFrom("a", "B", "7", ":", "\\", "\n", "\r", "é", " ", "-"),
  maxLength: 12,
});
const bodyText = fc.string({
  unit: fc.constantFrom("x", "\0", "\n", "é", "😀", ":", "{", "\\"),
  maxLength: 30,
});
const anyFrame = fc
  .record({
    command: fc.constantFrom("MESSAGE", "RECEIPT", "ERROR"),
    subscription: headerText,
    seq: fc.nat().map(String),
    "message-id": headerText,
    body: bodyText,
  })
  .map(({ command, body, ...headers }) => frame(command, headers, body));

test("A34: the lazy reader agrees with the full decoder on what the encoder writes, wherever it is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyFrame, fc.constant("\n")), { maxLength: 6 }),
      fc.array(fc.nat(400), { maxLength: 4 }),
      (parts, cuts) => {
        const stream = parts.map((part) => (typeof part === "string" ? part : encode(part))).join("");
        const full = new Decoder()
          .push(stream)
          .flatMap((decoded) => (decoded.kind === "frame" ? [decoded.frame] : []))
          .map(({ command, headers, body }) => ({ command, headers: { ...headers }, body }));
        expect(full.length).toBe(parts.filter((part) => typeof part !== "string").length);
        // A WebSocket message is whole code points, so a pair of surrogates is never cut.
        const points = [...stream];
        const at = [0, ...cuts.map((cut) => cut % (points.length + 1)).sort((a, b) => a - b), points.length];
        const pieces = at.slice(1).map((end, i) => points.slice(at[i], end).join(""));
        const names = ["subscription", "seq", "message-id", "content-length"];
        const lazy = read(pieces, names).map((one) => ({
          ...one,
          headers: Object.fromEntries(Object.entries(one.headers).filter(([, value]) => value !== undefined)),
        }));
        expect(lazy).toEqual(full);
      },
    ),
    { numRuns: 500 },
  );
});
