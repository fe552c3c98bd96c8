import { textOf } from "../web-socket-frame.ts";
import type { WireOutlet } from "../wire.ts";
import { messages } from "./text.ts";

/** What the batches go into; everything in bytes, or in what a response calls so. */
export interface Carrier {
  /** False while nobody receives. */
  writable(): boolean;
  /** Given to it and not yet passed on. */
  waitingBytes(): number;
  /** Passes on one SockJS frame. Returns how many bytes that was. */
  carry(sockJsFrame: string): number;
}

/**
 * The send queue writes WebSocket frames, made once for all subscribers; SockJS wants their texts in JSON. What is
 * written between cork and uncork becomes one SockJS frame, which is one answer to a polling client.
 */
export class BatchOutlet implements WireOutlet {
  readonly framesApart = true;
  readonly #carrier: Carrier;
  readonly #drains: (() => void)[] = [];
  #batch: string[] = [];
  #batchBytes = 0;
  #bytesWritten = 0;
  #corked = false;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  get writable(): boolean {
    return this.#carrier.writable();
  }

  get writableLength(): number {
    return this.#batchBytes + this.#carrier.waitingBytes();
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  on(_event: "drain", hear: () => void): void {
    this.#drains.push(hear);
  }

  /** There is room again, or somebody receives again. */
  drained(): void {
    for (const hear of this.#drains) hear();
  }

  write(frame: Uint8Array): boolean {
    this.#batch.push(textOf(frame));
    this.#batchBytes += frame.length;
    if (!this.#corked) this.#flush();
    return true;
  }

  cork(): void {
    this.#corked = true;
  }

  uncork(): void {
    this.#corked = false;
    this.#flush();
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#bytesWritten += this.#carrier.carry(messages(batch));
  }
}
