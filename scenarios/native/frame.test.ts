import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { closePayload, encodeFrame, encodeText } from "./frame.ts";

/** The receiver of another library, as a server that insists on masks. */
const { Receiver } = createRequire(import.meta.url)("ws") as {
  Receiver: new (
    options: object,
  ) => NodeJS.WritableStream & {
    on(event: string, listener: (...args: never[]) => void): void;
  };
};

async function received(bytes: Buffer): Promise<string[]> {
  const receiver = new Receiver({ isServer: true });
  const found: string[] = [];
  receiver.on("message", (data: Buffer, isBinary: boolean) =>
    found.push(`${isBinary ? "binary" : "text"}:${data}`),
  );
  receiver.on("ping", (data: Buffer) => found.push(`ping:${data}`));
  receiver.on("conclude", (code: number, reason: Buffer) => found.push(`close:${code} ${reason}`));
  receiver.on("error", (error: Error) => found.push(error.message));
  await new Promise((resolve) => receiver.write(bytes, resolve));
  return found;
}

describe("frames of a client", () => {
  test.each([0, 1, 2, 3, 4, 5, 125, 126, 127, 65_535, 65_536, 70_001])(
    "a text of %i bytes is masked, and another library reads it",
    async (bytes) => {
      const text = "x".repeat(Math.max(0, bytes - 2)) + "ü".repeat(bytes >= 2 ? 1 : 0);
      const encoded = encodeText(text);
      expect((encoded[1] as number) & 0x80).toBe(0x80);
      expect(await received(encoded)).toEqual([`text:${text}`]);
      expect(await received(encodeFrame({ opcode: 1, payload: Buffer.from(text) }))).toEqual([
        `text:${text}`,
      ]);
    },
  );

  test("each has a mask of its own", () => {
    const masks = Array.from({ length: 50 }, () => encodeText("ab").readUInt32BE(2));
    expect(new Set(masks).size).toBeGreaterThan(45);
  });

  test("the payload that was given stays as it was", () => {
    const payload = Buffer.from("mine");
    encodeFrame({ opcode: 9, payload });
    expect(String(payload)).toBe("mine");
  });

  test("close frames: with a code, and without one", async () => {
    const close = (code: number, reason = "") =>
      encodeFrame({ opcode: 8, payload: closePayload(code, reason) });
    expect(await received(close(4000, "över"))).toEqual(["close:4000 över"]);
    expect(await received(close(1005))).toEqual(["close:1005 "]);
  });

  test.each([
    ["unmasked", { opcode: 1, masked: false }, "Invalid WebSocket frame: MASK must be set"],
    [
      "with a reserved bit",
      { opcode: 1, reserved: 2 },
      "Invalid WebSocket frame: RSV2 and RSV3 must be clear",
    ],
    ["of an unknown kind", { opcode: 5 }, "Invalid WebSocket frame: invalid opcode 5"],
    ["that continues nothing", { opcode: 0 }, "Invalid WebSocket frame: invalid opcode 0"],
    ["longer than it is", { opcode: 1, payload: Buffer.from("ab"), claimedBytes: 3 }, undefined],
  ])("broken on purpose: one %s", async (_, frame, refusal) => {
    expect(await received(encodeFrame(frame))).toEqual(refusal === undefined ? [] : [refusal]);
  });
});
