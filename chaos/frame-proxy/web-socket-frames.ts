/** Opcodes of RFC 6455, 5.2. From 8 on they are control frames: short, whole, allowed between fragments. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const HEAD_BYTES_MAX = 14;
const FIN = 0x80;
const MASKED = 0x80;

/**
 * Walks along a stream of WebSocket frames, however it was cut, and copies nothing but heads. It judges nothing:
 * a frame that breaks the protocol is measured by its own length and goes its way.
 */
export class FrameCursor {
  readonly #head = Buffer.alloc(HEAD_BYTES_MAX);
  #headRead = 0;
  #left = 0;
  #inPayload = false;
  /** True after a `step` that reached the end of a frame. */
  ended = false;

  /** Nothing of the next frame has been read. */
  get atBoundary(): boolean {
    return this.#headRead === 0;
  }

  /** The head has been read: what follows holds for this frame. */
  get headKnown(): boolean {
    return this.#inPayload || this.ended;
  }
  headBytes = 0;
  opcode = 0;
  fin = true;
  payloadBytes = 0;

  /** Goes on to the end of the current frame or of the chunk, whichever is first, and returns where that is. */
  step(chunk: Buffer, from: number): number {
    let at = from;
    this.ended = false;
    while (!this.#inPayload) {
      if (at >= chunk.length) return at;
      this.#head[this.#headRead++] = chunk[at++]!;
      if (this.#headRead < 2 || this.#headRead < this.#neededHead()) continue;
      this.#readHead();
    }
    const bytes = Math.min(this.#left, chunk.length - at);
    this.#left -= bytes;
    if (this.#left === 0) {
      this.ended = true;
      this.#inPayload = false;
      this.#headRead = 0;
    }
    return at + bytes;
  }

  #neededHead(): number {
    const length = this.#head[1]! & 0x7f;
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (this.#head[1]! & MASKED ? 4 : 0);
  }

  #readHead(): void {
    const short = this.#head[1]! & 0x7f;
    this.opcode = this.#head[0]! & 0x0f;
    this.fin = (this.#head[0]! & FIN) !== 0;
    this.headBytes = this.#headRead;
    this.payloadBytes =
      short === 126
        ? this.#head.readUInt16BE(2)
        : short === 127
          ? Number(this.#head.readBigUInt64BE(2))
          : short;
    this.#left = this.payloadBytes;
    this.#inPayload = true;
  }
}

/** One frame with FIN, with the mask when there is one. */
export function encodeFrame(opcode: number, payload: Uint8Array, mask?: Uint8Array): Buffer {
  const bytes = payload.length;
  const lengthBytes = bytes < 126 ? 0 : bytes < 65_536 ? 2 : 8;
  const payloadAt = 2 + lengthBytes + (mask ? 4 : 0);
  const frame = Buffer.allocUnsafe(payloadAt + bytes);
  frame[0] = FIN | opcode;
  frame[1] = (mask ? MASKED : 0) | (lengthBytes === 0 ? bytes : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) frame.writeUInt16BE(bytes, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(bytes), 2);
  frame.set(payload, payloadAt);
  if (mask) {
    frame.set(mask, payloadAt - 4);
    applyMask(frame.subarray(payloadAt), mask);
  }
  return frame;
}

/** The mask of a whole frame's bytes; undefined where it has none. */
export function maskOf(frame: Buffer, headBytes: number): Buffer | undefined {
  return frame[1]! & MASKED ? frame.subarray(headBytes - 4, headBytes) : undefined;
}

/** The payload of a whole frame, unmasked; a copy only where there is a mask. */
export function payloadOf(frame: Buffer, headBytes: number): Buffer {
  const mask = maskOf(frame, headBytes);
  if (mask === undefined) return frame.subarray(headBytes);
  const payload = Buffer.from(frame.subarray(headBytes));
  applyMask(payload, mask);
  return payload;
}

function applyMask(bytes: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i]! ^= mask[i & 3]!;
}
