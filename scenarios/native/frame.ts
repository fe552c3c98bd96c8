import type { RawFrame } from "../model/engine.ts";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const EMPTY = new Uint8Array(0);

/** One WebSocket frame of a client (RFC 6455, 5.2), and broken ones when asked for. */
export function encodeFrame(frame: RawFrame): Buffer {
  const { opcode, payload = EMPTY, final = true, reserved = 0, masked = true } = frame;
  const bytes = frame.claimedBytes ?? payload.length;
  const lengthBytes = bytes < 126 ? 0 : bytes < 65_536 ? 2 : 8;
  const at = 2 + lengthBytes + (masked ? 4 : 0);
  const out = Buffer.allocUnsafe(at + payload.length);
  out[0] = (final ? 0x80 : 0) | (reserved << 4) | opcode;
  out[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? bytes : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) out.writeUInt16BE(bytes, 2);
  if (lengthBytes === 8) out.writeBigUInt64BE(BigInt(bytes), 2);
  out.set(payload, at);
  if (masked) mask(out, at);
  return out;
}

/** The text frame of every SEND and heart-beat: one buffer, the text written where it belongs. */
export function encodeText(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const headBytes = bytes < 126 ? 6 : bytes < 65_536 ? 8 : 14;
  const out = Buffer.allocUnsafe(headBytes + bytes);
  out[0] = 0x80 | opcodes.text;
  if (headBytes === 6) {
    out[1] = 0x80 | bytes;
  } else if (headBytes === 8) {
    out[1] = 0x80 | 126;
    out.writeUInt16BE(bytes, 2);
  } else {
    out[1] = 0x80 | 127;
    out.writeBigUInt64BE(BigInt(bytes), 2);
  }
  out.write(text, headBytes);
  mask(out, headBytes);
  return out;
}

/** `code` 1005 stands for a close frame without a code (it never travels). */
export function closePayload(code: number, reason: string): Buffer {
  if (code === 1005) return Buffer.alloc(0);
  const out = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  out.writeUInt16BE(code);
  out.write(reason, 2);
  return out;
}

/** The key need not be a secret here: it guards proxies against scripts in browsers. But it must be there. */
function mask(out: Buffer, at: number): void {
  const key = (Math.random() * 0x1_0000_0000) >>> 0;
  const a = key >>> 24;
  const b = (key >>> 16) & 255;
  const c = (key >>> 8) & 255;
  const d = key & 255;
  out[at - 4] = a;
  out[at - 3] = b;
  out[at - 2] = c;
  out[at - 1] = d;
  const whole = at + ((out.length - at) & ~3);
  let i = at;
  for (; i < whole; i += 4) {
    out[i] = (out[i] as number) ^ a;
    out[i + 1] = (out[i + 1] as number) ^ b;
    out[i + 2] = (out[i + 2] as number) ^ c;
    out[i + 3] = (out[i + 3] as number) ^ d;
  }
  if (i < out.length) out[i] = (out[i] as number) ^ a;
  if (++i < out.length) out[i] = (out[i] as number) ^ b;
  if (++i < out.length) out[i] = (out[i] as number) ^ c;
}
