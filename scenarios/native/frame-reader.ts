import { opcodes } from "./frame.ts";

/** What a server did wrong, with the code that it is closed with (RFC 6455, 7.4.1). */
export class BadFrame extends Error {
  override readonly name = "BadFrame";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A message of the systems we load has kilobytes; what is larger is refused with 1009 before it is in memory. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

const CONTROL_BYTES_MAX = 125;
/** What keeping one costs; counted, since a server could send empty ones for ever. */
const FRAGMENT_BYTES = 128;
/**
 * Takes a server's bytes apart, wherever they were cut. Pulled, not pushed: after `take` call `next` until it is false;
 * while it is true, `opcode`, `text` and `payload` are those of one message or control frame. What lies whole in the
 * chunk is not copied, so they hold until the next call only; a connection between messages holds no buffer.
 */
export class FrameReader {
  opcode = 0;
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** Where the payload of what `next` found lies. */
  #source: Buffer = NOTHING;
  #from = 0;
  #to = 0;
  #final = false;
  /** The beginning of a head, at most 9 bytes. */
  #head: Buffer | undefined;
  /** A frame whose payload is not complete: its buffer has the full size. */
  #open: { readonly opcode: number; readonly final: boolean; readonly bytes: Buffer } | undefined;
  #filled = 0;
  /** A message whose last fragment has not come. */
  #message: { readonly opcode: number; readonly fragments: Buffer[]; bytes: number } | undefined;

  /** What `next` has not come to of the chunk before is dropped: ask for `rest` first. */
  take(chunk: Buffer): void {
    this.#chunk = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
    this.#head = undefined;
    this.#at = 0;
  }

  /** What is left of the chunk, not looked at yet. */
  rest(): Buffer {
    return this.#chunk.subarray(this.#at);
  }

  /** False when the chunk is used up. Throws BadFrame; the reader is of no use after that. */
  next(): boolean {
    do {
      if (!(this.#open ? this.#fill(this.#open) : this.#begin())) {
        this.#chunk = NOTHING;
        this.#source = NOTHING;
        this.#at = 0;
        return false;
      }
    } while (!this.#complete());
    return true;
  }

  /** The payload as text. What is not UTF-8 becomes U+FFFD, as in k6. */
  text(): string {
    return this.#source.toString("utf8", this.#from, this.#to);
  }

  payload(): Buffer {
    return this.#source.subarray(this.#from, this.#to);
  }

  /** Reads a head, and the payload when all of it is there. False when the chunk ends before. */
  #begin(): boolean {
    const chunk = this.#chunk;
    const at = this.#at;
    const have = chunk.length - at;
    if (have < 2) return this.#keepHead();
    const first = chunk[at] as number;
    const second = chunk[at + 1] as number;
    let bytes = second & 127;
    let from = at + 2;
    if (bytes === 126) {
      if (have < 4) return this.#keepHead();
      bytes = ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number);
      from = at + 4;
    } else if (bytes === 127) {
      if (have < 10) return this.#keepHead();
      bytes = chunk.readUInt32BE(at + 2) * 0x1_0000_0000 + chunk.readUInt32BE(at + 6);
      from = at + 10;
    }
    this.#check(first, second, bytes);
    this.opcode = first & 15;
    this.#final = (first & 0x80) !== 0;
    if (from + bytes > chunk.length) {
      this.#open = { opcode: this.opcode, final: this.#final, bytes: Buffer.allocUnsafeSlow(bytes) };
      this.#filled = 0;
      this.#at = from;
      return this.#fill(this.#open);
    }
    this.#source = chunk;
    this.#from = from;
    this.#to = from + bytes;
    this.#at = this.#to;
    return true;
  }

  /** More of the payload of a frame that was cut. */
  #fill({ opcode, final, bytes }: { opcode: number; final: boolean; bytes: Buffer }): boolean {
    const copied = this.#chunk.copy(bytes, this.#filled, this.#at);
    this.#filled += copied;
    this.#at += copied;
    if (this.#filled < bytes.length) return false;
    this.#open = undefined;
    this.opcode = opcode;
    this.#final = final;
    this.#source = bytes;
    this.#from = 0;
    this.#to = bytes.length;
    return true;
  }

  #keepHead(): false {
    if (this.#at < this.#chunk.length) this.#head = Buffer.from(this.#chunk.subarray(this.#at));
    return false;
  }

  #check(first: number, second: number, bytes: number): void {
    const opcode = first & 15;
    if ((first & 0x70) !== 0) throw new BadFrame(1002, "a frame with reserved bits set");
    if ((second & 0x80) !== 0) throw new BadFrame(1002, "a masked frame from the server");
    if (opcode > opcodes.pong || (opcode > opcodes.binary && opcode < opcodes.close)) {
      throw new BadFrame(1002, `a frame with opcode ${opcode}`);
    }
    if (opcode >= opcodes.close) {
      if ((first & 0x80) === 0) throw new BadFrame(1002, "a control frame in fragments");
      if (bytes > CONTROL_BYTES_MAX) throw new BadFrame(1002, `a control frame of ${bytes} bytes`);
      return;
    }
    const continues = opcode === opcodes.continuation;
    if (continues !== (this.#message !== undefined)) {
      throw new BadFrame(1002, continues ? "a continuation of nothing" : "a new message inside another");
    }
    if ((this.#message?.bytes ?? 0) + bytes > MESSAGE_BYTES_MAX) {
      throw new BadFrame(1009, `a message of more than ${MESSAGE_BYTES_MAX} bytes`);
    }
  }

  /** False when the frame is a fragment and more must follow. */
  #complete(): boolean {
    if (this.opcode >= opcodes.close || (this.#final && !this.#message)) return true;
    this.#message ??= { opcode: this.opcode, fragments: [], bytes: 0 };
    const message = this.#message;
    message.fragments.push(Buffer.from(this.payload()));
    message.bytes += this.#to - this.#from + FRAGMENT_BYTES;
    if (!this.#final) return false;
    this.#message = undefined;
    this.opcode = message.opcode;
    this.#source = Buffer.concat(message.fragments);
    this.#from = 0;
    this.#to = this.#source.length;
    return true;
  }
}

const NOTHING = Buffer.alloc(0);
