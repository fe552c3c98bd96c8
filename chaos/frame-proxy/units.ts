import { isHeartBeat, looksLikeStomp, stompSpan } from "./stomp-text.ts";
import { encodeFrame, maskOf, OPCODE, payloadOf } from "./web-socket-frames.ts";

/** What one act takes away, doubles or spoils: a STOMP frame, a heart-beat, a control frame or any other message. */
export interface Unit {
  /** A STOMP command, or `heart-beat`, `data` (a message that is not STOMP), `ping`, `pong`, `close`. */
  readonly frame: string;
  /** Of a STOMP frame that has one. */
  readonly destination?: string;
  readonly opcode: number;
  /** Unmasked. */
  readonly payload: Buffer;
  /** Where a STOMP frame's body lies in the payload. */
  readonly body?: { readonly from: number; readonly to: number };
  readonly mask?: Buffer;
  /** WebSocket frames that carry it, as they came wherever that is possible. */
  readonly wire: Buffer;
}

/** A message or a STOMP frame over several messages is given up beyond this, and passes as it is. */
export const UNIT_BYTES_MAX = 4 * 1024 * 1024;

export interface UnitReaderHooks {
  unit(unit: Unit): void;
  /** Bytes that could not be made a unit, to be sent on in their place. */
  pass(wire: Buffer): void;
}

/**
 * Puts whole WebSocket frames together to units: fragments to a message, messages to a STOMP frame, and takes apart
 * several STOMP frames in one message. A unit that came as one message keeps its bytes; the others are framed anew.
 */
export class UnitReader {
  readonly #hooks: UnitReaderHooks;
  /** Of a message whose last fragment has not come. */
  #fragments: Buffer[] = [];
  #payloads: Buffer[] = [];
  #fragmentBytes = 0;
  #opcode = 0;
  #mask: Buffer | undefined;
  /** Of a STOMP frame whose end has not come. */
  #rest: Buffer = Buffer.alloc(0);
  #restWire: Buffer[] = [];

  constructor(hooks: UnitReaderHooks) {
    this.#hooks = hooks;
  }

  /** A message is open: its first fragment has come, its last one has not. */
  get inMessage(): boolean {
    return this.#fragments.length > 0;
  }

  read(wire: Buffer, headBytes: number, opcode: number, fin: boolean): void {
    if (opcode >= OPCODE.close) {
      this.#control(wire, headBytes, opcode);
      return;
    }
    if (opcode !== OPCODE.continuation) this.#opcode = opcode;
    this.#mask = maskOf(wire, headBytes);
    this.#fragments.push(wire);
    this.#fragmentBytes += wire.length;
    this.#payloads.push(payloadOf(wire, headBytes));
    if (fin) this.#message();
  }

  /** Gives back, in order, what waits for its end. */
  flush(): void {
    for (const wire of [...this.#restWire, ...this.#fragments]) this.#hooks.pass(wire);
    this.#forgetRest();
    this.#forgetMessage();
  }

  /** Bytes that wait for the end of a message or of a STOMP frame. */
  get waitingBytes(): number {
    return this.#rest.length + this.#fragmentBytes;
  }

  #control(wire: Buffer, headBytes: number, opcode: number): void {
    if (opcode === OPCODE.close) this.flush();
    const frame = opcode === OPCODE.ping ? "ping" : opcode === OPCODE.pong ? "pong" : "close";
    const mask = maskOf(wire, headBytes);
    this.#hooks.unit({ frame, opcode, payload: payloadOf(wire, headBytes), wire, ...(mask ? { mask } : {}) });
  }

  #message(): void {
    const wire = joined(this.#fragments);
    const payload = joined(this.#payloads);
    const opcode = this.#opcode;
    this.#forgetMessage();
    const isNew = this.#rest.length === 0;
    if (isNew && isHeartBeat(payload))
      this.#hooks.unit({ ...this.#about(opcode), frame: "heart-beat", payload, wire });
    else if (isNew && !looksLikeStomp(payload))
      this.#hooks.unit({ ...this.#about(opcode), frame: "data", payload, wire });
    else this.#stomp(joined([this.#rest, payload]), [...this.#restWire, wire], opcode);
  }

  #stomp(text: Buffer, wire: Buffer[], opcode: number): void {
    let at = 0;
    for (let span = stompSpan(text, at); span !== undefined; span = stompSpan(text, at)) {
      const payload = text.subarray(span.from, span.to);
      const isAll = span.from === 0 && span.to === text.length;
      this.#hooks.unit({
        ...this.#about(opcode),
        frame: span.command,
        ...(span.destination === undefined ? {} : { destination: span.destination }),
        payload,
        body: { from: span.bodyAt - span.from, to: span.bodyEnd - span.from },
        wire: isAll ? joined(wire) : encodeFrame(opcode, payload, this.#mask),
      });
      at = span.to;
    }
    this.#rest = text.subarray(at);
    this.#restWire =
      at === 0 ? wire : at === text.length ? [] : [encodeFrame(opcode, this.#rest, this.#mask)];
    if (this.#rest.length > UNIT_BYTES_MAX) this.flush();
  }

  #about(opcode: number): { readonly opcode: number; readonly mask?: Buffer } {
    return { opcode, ...(this.#mask ? { mask: this.#mask } : {}) };
  }

  #forgetMessage(): void {
    this.#fragments = [];
    this.#payloads = [];
    this.#fragmentBytes = 0;
  }

  #forgetRest(): void {
    this.#rest = Buffer.alloc(0);
    this.#restWire = [];
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
