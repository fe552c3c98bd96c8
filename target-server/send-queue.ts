import type { Waiting } from "./policies.ts";

/** What the queue needs of a socket; net.Socket has it. */
export interface Outlet {
  readonly writable: boolean;
  readonly writableLength: number;
  readonly bytesWritten: number;
  /** Every write must be one frame; else several may be joined in one. */
  readonly framesApart?: boolean;
  write(bytes: Uint8Array): boolean;
  cork(): void;
  uncork(): void;
}

/** The socket gets no more while this much waits in it: what it holds can no longer be counted in messages. */
const LOW_WATER_BYTES = 65_536;
/** A burst within one tick is passed on before it could look like a client that does not read. */
const FLUSH_DEPTH = 64;

/** Queues with something to write at the end of this tick, so that each socket gets one write for all of it. */
let due: SendQueue[] = [];
let dueSinceMs = 0;

/**
 * What waits for one client, counted in messages (the socket's own buffer is coarse and blind to the kernel's). A ring
 * that grows with need. Frames that fall due in one tick leave in one write: the system call is the cost.
 */
export class SendQueue {
  readonly #outlet: Outlet;
  readonly #now: () => number;
  #frames: (Uint8Array | undefined)[] = [];
  #queuedAtMs: number[] = [];
  #first = 0;
  #depth = 0;
  #bytes = 0;
  #isDue = false;
  #whenEmpty: (() => void) | undefined;
  /** Bytes that had left the socket when that last changed, and when that was. */
  #passedBytes = 0;
  #passedAtMs = 0;

  constructor(outlet: Outlet, now: () => number = () => performance.now()) {
    this.#outlet = outlet;
    this.#now = now;
  }

  push(frame: Uint8Array): void {
    if (this.#depth === this.#frames.length) this.#grow();
    const slot = (this.#first + this.#depth) & (this.#frames.length - 1);
    this.#frames[slot] = frame;
    // One look at the clock for all that is pushed in one tick.
    if (due.length === 0) dueSinceMs = this.#now();
    this.#queuedAtMs[slot] = dueSinceMs;
    this.#depth += 1;
    this.#bytes += frame.length;
    if (this.#depth >= FLUSH_DEPTH) {
      this.pump();
    } else if (!this.#isDue) {
      this.#isDue = true;
      if (due.push(this) === 1) process.nextTick(flushDue);
    }
  }

  /** Feeds the socket up to the low-water mark. Call it again on the socket's `drain`. */
  pump(): void {
    this.#isDue = false;
    // Again while the kernel takes it at once: what it took so raises no `drain` that could be relied on.
    while (this.#depth > 0 && this.#outlet.writable && this.#outlet.writableLength < LOW_WATER_BYTES) {
      if (this.#depth === 1) this.#outlet.write(this.#shift());
      else if (this.#outlet.framesApart) this.#writeApart();
      else this.#writeJoined();
    }
    if (this.#depth === 0 && this.#whenEmpty !== undefined) {
      const done = this.#whenEmpty;
      this.#whenEmpty = undefined;
      done();
    }
  }

  /** One buffer in one write: cheaper than a list of them, and the same one for all who wait for the same. */
  #writeJoined(): void {
    const frames: Uint8Array[] = [];
    let room = LOW_WATER_BYTES - this.#outlet.writableLength;
    do {
      const frame = this.#shift();
      frames.push(frame);
      room -= frame.length;
    } while (this.#depth > 0 && room > 0);
    this.#outlet.write(joined(frames));
  }

  #writeApart(): void {
    this.#outlet.cork();
    do this.#outlet.write(this.#shift());
    while (this.#depth > 0 && this.#outlet.writableLength < LOW_WATER_BYTES);
    this.#outlet.uncork();
  }

  /** Calls back once everything queued until now is in the socket; at once where nothing waits. */
  onceEmpty(done: () => void): void {
    const before = this.#whenEmpty;
    this.#whenEmpty =
      before === undefined
        ? done
        : () => {
            before();
            done();
          };
    this.pump();
  }

  clear(): void {
    this.#frames = [];
    this.#queuedAtMs = [];
    this.#first = this.#depth = this.#bytes = 0;
  }

  /** The cheap part of `waiting`, for every push. */
  depthAndBytes(): Waiting {
    return { depth: this.#depth, bytes: this.#bytes, ageMs: 0 };
  }

  /**
   * Depth and bytes of the ring; the age of its oldest message, or how long the socket has passed nothing on,
   * whichever is more: fewer than 64 KB can stall in the socket with an empty ring.
   */
  waiting(): Waiting {
    const nowMs = this.#now();
    const oldestMs = this.#depth > 0 ? nowMs - this.#queuedAtMs[this.#first]! : 0;
    return { depth: this.#depth, bytes: this.#bytes, ageMs: Math.max(oldestMs, this.#stalledMs(nowMs)) };
  }

  #stalledMs(nowMs: number): number {
    const held = this.#outlet.writableLength;
    const passed = this.#outlet.bytesWritten - held;
    if (held === 0 || passed !== this.#passedBytes) {
      this.#passedBytes = passed;
      this.#passedAtMs = nowMs;
    }
    return nowMs - this.#passedAtMs;
  }

  #shift(): Uint8Array {
    const frame = this.#frames[this.#first]!;
    this.#frames[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#frames.length - 1);
    this.#depth -= 1;
    this.#bytes -= frame.length;
    return frame;
  }

  /** Doubles the ring (a power of two, so that a mask wraps it); an idle connection has none. */
  #grow(): void {
    const size = Math.max(4, this.#frames.length * 2);
    const frames = new Array<Uint8Array | undefined>(size);
    const queuedAtMs = new Array<number>(size);
    for (let n = 0; n < this.#depth; n++) {
      const from = (this.#first + n) & (this.#frames.length - 1);
      frames[n] = this.#frames[from];
      queuedAtMs[n] = this.#queuedAtMs[from]!;
    }
    this.#frames = frames;
    this.#queuedAtMs = queuedAtMs;
    this.#first = 0;
  }
}

function flushDue(): void {
  const queues = due;
  due = [];
  for (const queue of queues) queue.pump();
  lastJoined = undefined;
}

/** In a full room hundreds of sockets wait for the same frames: they are joined once. */
let lastJoined: { readonly frames: readonly Uint8Array[]; readonly bytes: Buffer } | undefined;

function joined(frames: readonly Uint8Array[]): Buffer {
  const last = lastJoined;
  if (last?.frames.length === frames.length && last.frames.every((frame, n) => frame === frames[n])) {
    return last.bytes;
  }
  const bytes = Buffer.concat(frames);
  lastJoined = { frames, bytes };
  return bytes;
}
