import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Decoded, Decoder, type DecoderLimits, type Malformed } from "./decode.ts";
import { encode } from "./encode.ts";
import { type Frame, frame, type Version, versions } from "./frame.ts";
import { encodeUtf8 } from "./utf8.ts";

const small: DecoderLimits = { frameBytesMax: 200, headerLineBytesMax: 60, headersMax: 4 };

function decodeWhole(
  bytes: Uint8Array | string,
  version: Version = "1.2",
  limits?: DecoderLimits,
): Decoded[] {
  const decoder = new Decoder(limits);
  decoder.version = version;
  return decoder.push(bytes);
}

function decodeInPieces(pieces: readonly Uint8Array[], version: Version, limits?: DecoderLimits): Decoded[] {
  const decoder = new Decoder(limits);
  decoder.version = version;
  return pieces.flatMap((piece) => {
    const lent = piece.slice();
    const decoded = decoder.push(lent);
    lent.fill(0xff); // the caller may re-use its buffer: nothing of it may be kept
    return decoded;
  });
}

const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const frames = (decoded: readonly Decoded[]) => decoded.flatMap((d) => (d.kind === "frame" ? [d.frame] : []));

describe("A34: frames out of bytes", () => {
  test("A34: the frame of the specification, byte by byte as it travels", () => {
    const bytes = "SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello queue a\0";
    expect(decodeWhole(bytes)).toEqual([
      {
        kind: "frame",
        frame: frame("SEND", { destination: "/queue/a", "content-type": "text/plain" }, "hello queue a"),
      },
    ]);
  });

  test("A34: several frames and heart-beats in one message come out in order", () => {
    const decoded = decodeWhole("\n\r\nSEND\r\na:b\r\n\r\nx\0\nSUBSCRIBE\nid:0\n\n\0\n\n");
    expect(decoded.map((d) => (d.kind === "frame" ? d.frame.command : d.kind))).toEqual([
      "heartbeat",
      "heartbeat",
      "SEND",
      "heartbeat",
      "SUBSCRIBE",
      "heartbeat",
      "heartbeat",
    ]);
  });

  test("A34: content-length counts bytes, and the body may hold NUL", () => {
    const body = "é\0€\0𝄞";
    expect(frames(decodeWhole(`SEND\ncontent-length:11\n\n${body}\0\n`))).toEqual([
      frame("SEND", { "content-length": "11" }, body),
    ]);
  });

  test("A34: of a repeated header the first counts, and __proto__ is plain data", () => {
    const [only] = frames(decodeWhole("MESSAGE\nfoo:World\nfoo:Hello\n__proto__:x\n\n\0"));
    expect(only?.headers.foo).toBe("World");
    expect(Object.entries(only!.headers)).toContainEqual(["__proto__", "x"]);
    expect("toString" in only!.headers).toBe(false);
  });

  test.each<[Version, string, string]>([
    ["1.2", "a\\cb\\nc\\rd\\\\e", "a:b\nc\rd\\e"],
    ["1.1", "a\\cb\\nc\\\\e", "a:b\nc\\e"],
    ["1.0", "a\\cb:c", "a\\cb:c"],
  ])("A34: header escapes of %s: %s", (version, wire, value) => {
    expect(frames(decodeWhole(`SEND\nx:${wire}\n\n\0`, version))[0]?.headers.x).toBe(value);
  });

  test("A34: CONNECT is never unescaped, so that an old client's passcode survives", () => {
    expect(frames(decodeWhole("CONNECT\npasscode:a\\cb\n\n\0"))[0]?.headers.passcode).toBe("a\\cb");
  });

  test("A34: a CR before the line end belongs to the line end in 1.2 and to the value in 1.1", () => {
    const bytes = "SEND\nx:y\r\n\n\0";
    expect(frames(decodeWhole(bytes, "1.2"))[0]?.headers.x).toBe("y");
    expect(frames(decodeWhole(bytes, "1.1"))[0]?.headers.x).toBe("y\r");
  });
});

describe("malformed input is a value", () => {
  test.each<[string, Malformed]>([
    ["GET /ws HTTP/1.1\r\n\r\n", "bad-command"],
    ["\x16\x03\x01\x02\x00\x01\n", "bad-command"],
    ["\rSEND\n\n\0", "bad-command"],
    ["send\n\n\0", "bad-command"],
    ["SENDSENDSENDSENDSEND\n\n\0", "bad-command"],
    ["SEND \n\n\0", "bad-command"],
    ["SEND\nno colon\n\n\0", "bad-header"],
    ["SEND\n:value\n\n\0", "bad-header"],
    ["SEND\na:\0\n\n\0", "bad-header"],
    ["SEND\na:\\t\n\n\0", "bad-escape"],
    ["SEND\na:\\\n\n\0", "bad-escape"],
    ["SEND\ncontent-length:-1\n\n\0", "bad-content-length"],
    ["SEND\ncontent-length:1e3\n\n\0", "bad-content-length"],
    ["SEND\ncontent-length:0x10\n\n\0", "bad-content-length"],
    ["SEND\ncontent-length:\n\n\0", "bad-content-length"],
    ["SEND\ncontent-length:2\n\nabc\0", "missing-nul"],
    ["SEND\ncontent-length:999999999999999\n\n", "frame-too-large"],
    ["SEND\ncontent-length:190\n\n", "frame-too-large"],
    [`SEND\n\n${"x".repeat(300)}`, "frame-too-large"],
    [`SEND\n${"a:b\n".repeat(5)}\n\0`, "too-many-headers"],
    [`SEND\na:${"b".repeat(80)}\n\n\0`, "header-line-too-long"],
    [`SEND\na:${"b".repeat(5_000)}`, "header-line-too-long"],
    ["SEND\na:\xff\n\n\0", "invalid-utf8"],
    ["SEND\n\n\xc0\x80\0", "invalid-utf8"],
    ["SEND\n\n\xed\xa0\x80\0", "invalid-utf8"],
    ["SEND\n\n\xe2\x82\0", "invalid-utf8"],
    ["SEND\n\n\xf4\x90\x80\x80\0", "invalid-utf8"],
  ])("A34: %j is %s, also when it drips in byte by byte", (text, reason) => {
    const bytes = latin(text);
    const whole = decodeWhole(bytes, "1.2", small);
    expect(whole.at(-1)).toEqual({ kind: "malformed", reason });
    expect(
      decodeInPieces(
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
        "1.2",
        small,
      ),
    ).toEqual(whole);
  });

  test("A34: after malformed input the decoder stays silent", () => {
    const decoder = new Decoder();
    expect(decoder.push("nonsense\n").map((d) => d.kind)).toEqual(["malformed"]);
    expect(decoder.push("SEND\n\n\0")).toEqual([]);
  });

  test("A61: a frame of exactly the limit passes, one byte more does not", () => {
    const head = "SEND\n\n";
    const fits = `${head}${"x".repeat(small.frameBytesMax - head.length - 1)}\0`;
    expect(decodeWhole(fits, "1.2", small).map((d) => d.kind)).toEqual(["frame"]);
    expect(decodeWhole(fits.replace("x", "xx"), "1.2", small)).toEqual([
      { kind: "malformed", reason: "frame-too-large" },
    ]);
  });

  test("A34: any bytes at all give values, the same however they are cut", () => {
    const noise = fc.array(
      fc.oneof(
        fc.constantFrom(
          ...["SEND\n", "a:b\n", "\n", "\0", "\r\n", "content-length:3\n", "\\c", "é"].map(encodeUtf8),
        ),
        fc.uint8Array({ maxLength: 4 }),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(noise, (pieces) => {
        const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
        let at = 0;
        for (const piece of pieces) {
          whole.set(piece, at);
          at += piece.length;
        }
        expect(decodeInPieces(pieces, "1.2", small)).toEqual(decodeWhole(whole, "1.2", small));
      }),
      { numRuns: 300 },
    );
  });
});

describe("what one side encodes the other decodes", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  const anyFrame = fc.record({
    command: fc.constantFrom("SEND", "MESSAGE", "SUBSCRIBE", "ERROR", "RECEIPT"),
    headers: fc.dictionary(
      text.filter((name) => name !== "" && name !== "content-length"),
      text,
      { maxKeys: 5 },
    ),
    body: fc.string({ unit: "binary", maxLength: 60 }),
  });

  test("A34: 1.2 carries any header and any body unchanged, cut at every single byte", () => {
    fc.assert(
      fc.property(anyFrame, (sent) => {
        const bytes = encodeUtf8(`${encode(sent)}\n${encode(sent)}`);
        const whole = decodeWhole(bytes);
        expect(frames(whole).map(withoutLength)).toEqual([sent, sent]);
        for (let cut = 1; cut < bytes.length; cut++) {
          expect(decodeInPieces([bytes.subarray(0, cut), bytes.subarray(cut)], "1.2")).toEqual(whole);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each(versions)("A34: no header value of %s can smuggle in a header or a frame", (version) => {
    fc.assert(
      fc.property(fc.constantFrom("CONNECTED", "MESSAGE"), text, text, (command, name, value) => {
        fc.pre(name !== "" && name !== "content-length");
        const hostile = `${value}\nrole:admin\r\n\n\0`;
        const decoded = decodeWhole(encode(frame(command, { [name]: hostile }, "b"), version), version);
        for (const got of frames(decoded)) expect(got.headers.role).toBeUndefined();
        expect(frames(decoded).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  function withoutLength(got: Frame): Frame {
    const { "content-length": _, ...headers } = got.headers;
    return frame(got.command, headers, got.body);
  }
});
