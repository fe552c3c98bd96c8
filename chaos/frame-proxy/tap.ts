import { UNIT_BYTES_MAX, type Unit, UnitReader } from "./units.ts";
import { FrameCursor, OPCODE } from "./web-socket-frames.ts";

/**
 * One direction of a WebSocket connection after its upgrade. While nobody looks, chunks pass as they came and only
 * heads are read, to know where frames end; from `open` on, whole units are handed to whoever looks. Opening takes
 * effect at the next frame that does not continue a message, closing at once, and no byte is lost by either.
 */
export class FrameTap {
  readonly #pass: (bytes: Buffer) => void;
  readonly #cursor = new FrameCursor();
  #reader: UnitReader | undefined;
  /** Of the current frame, when it is collected. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #collecting = false;
  /** The rest of a message whose beginning passed, passes too. */
  #messagePasses = false;
  /** That went by, control frames included. */
  frames = 0;

  constructor(pass: (bytes: Buffer) => void) {
    this.#pass = pass;
  }

  open(unit: (unit: Unit) => void): void {
    this.#reader ??= new UnitReader({ unit, pass: this.#pass });
  }

  close(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#giveUp(reader);
    this.#reader = undefined;
  }

  push(chunk: Buffer): void {
    let at = 0;
    /** From here on it passes in one piece. */
    let passFrom = 0;
    while (at < chunk.length) {
      if (this.#cursor.atBoundary) this.#collecting = this.#reader !== undefined;
      const next = this.#cursor.step(chunk, at);
      if (!this.#collecting) {
        if (this.#cursor.ended) this.#passed();
      } else {
        if (passFrom < at) this.#pass(chunk.subarray(passFrom, at));
        passFrom = next;
        this.#collect(chunk.subarray(at, next));
      }
      at = next;
    }
    if (passFrom < chunk.length) this.#pass(passFrom === 0 ? chunk : chunk.subarray(passFrom));
  }

  #passed(): void {
    this.frames += 1;
    if (this.#cursor.opcode < OPCODE.close) this.#messagePasses = !this.#cursor.fin;
  }

  #collect(part: Buffer): void {
    const reader = this.#reader as UnitReader;
    this.#parts.push(part);
    this.#partsBytes += part.length;
    const cursor = this.#cursor;
    if (!cursor.ended) {
      if (cursor.headKnown && cursor.payloadBytes + reader.waitingBytes > UNIT_BYTES_MAX)
        this.#giveUp(reader);
      return;
    }
    this.frames += 1;
    const wire = this.#takeParts();
    const continues = cursor.opcode < OPCODE.close && this.#messagePasses;
    if (continues) {
      this.#messagePasses = !cursor.fin;
      this.#pass(wire);
    } else {
      reader.read(wire, cursor.headBytes, cursor.opcode, cursor.fin);
      if (reader.waitingBytes > UNIT_BYTES_MAX) this.#giveUp(reader);
    }
  }

  /** What was collected passes, and so does what still belongs to it. */
  #giveUp(reader: UnitReader): void {
    this.#messagePasses ||= reader.inMessage;
    reader.flush();
    if (this.#partsBytes > 0) this.#pass(this.#takeParts());
    this.#collecting = false;
  }

  #takeParts(): Buffer {
    const wire = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    return wire;
  }
}
