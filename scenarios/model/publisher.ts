import { encode } from "../../target-server/stomp/encode.ts";
import { frame } from "../../target-server/stomp/frame.ts";
import type { Engine } from "./engine.ts";
import { clientMessageId, identityText } from "./identity.ts";
import { intendedMs, type Slots, slotAtOrAfter, slotsOf } from "./schedule.ts";
import type { Client, Publishing } from "./session.ts";

/**
 * A slot that the generator itself is this late for is skipped and counted: sending it would make a burst that no
 * schedule asked for. Up to here it is sent late, and its latency still counts from the intended time.
 */
export const LATE_MS = 2_000;

/** One message to send: everything in it follows from the plan. */
export interface Outgoing {
  readonly slot: number;
  readonly intendedMs: number;
  /** The SEND frame. Its receipt, where one is asked for, is `m<slot>`. */
  readonly text: string;
}

/**
 * The open schedule of one client. It outlives the client's connections: slots pass whether anybody is there or
 * not, and those that fell due while it was offline are counted as missed, never caught up on.
 */
export class Publisher {
  readonly publishing: Publishing;
  readonly #client: Client;
  readonly #engine: Engine;
  readonly #slots: Slots;
  /** What all its SEND frames begin with. */
  readonly #head: string;
  #next: number;

  constructor(client: Client, dueMs: number, publishing: Publishing, engine: Engine) {
    const { seed, timing } = engine.config;
    this.publishing = publishing;
    this.#client = client;
    this.#engine = engine;
    this.#slots = slotsOf({
      seed,
      client: client.number,
      everyMs: publishing.everyMs,
      dueMs,
      untilMs: timing.publishUntilMs,
    });
    this.#next = this.#slots.first;
    const { destination } = publishing;
    const empty = encode(frame("SEND", { destination, "content-type": "application/json" }));
    this.#head = empty.slice(0, -"\n\0".length);
  }

  /** Back after a time offline: what fell due until now is missed. */
  skipOffline(nowMs: number): void {
    this.#skipTo(slotAtOrAfter(this.#slots, nowMs), "missedOffline");
  }

  /** When the next slot is due; undefined when the schedule is over. */
  nextMs(): number | undefined {
    return this.#next < this.#end() ? intendedMs(this.#slots, this.#next) : undefined;
  }

  /** Sends every slot that is due by now, in order. */
  sendDue(send: (outgoing: Outgoing) => void): void {
    for (;;) {
      const dueMs = this.nextMs();
      const nowMs = this.#engine.nowMs();
      if (dueMs === undefined || dueMs > nowMs) return;
      if (nowMs - dueMs > LATE_MS) {
        this.#skipTo(slotAtOrAfter(this.#slots, nowMs - LATE_MS), "missedLate");
        continue;
      }
      const slot = this.#next++;
      send(this.#outgoing(slot, dueMs));
    }
  }

  /** When a slot that was sent was intended; undefined for one that never was. */
  intendedOf(slot: number): number | undefined {
    const sent = Number.isInteger(slot) && slot >= this.#slots.first && slot < this.#next;
    return sent ? intendedMs(this.#slots, slot) : undefined;
  }

  /** Only ASCII, so characters are bytes: counting the bytes of 200 characters would take k6 0.2 ms. */
  #outgoing(slot: number, intendedMs: number): Outgoing {
    const { nonce } = this.#engine.config;
    const publisher = this.#client.number;
    const content = identityText(nonce, { publisher, slot, intendedMs }, this.publishing.bytes);
    const body = JSON.stringify({ content });
    const receipt = this.publishing.receipt ? `receipt:m${slot}\n` : "";
    const messageId = `client-message-id:${clientMessageId(nonce, publisher, slot)}\n`;
    const text = `${this.#head}${messageId}${receipt}content-length:${body.length}\n\n${body}\0`;
    return { slot, intendedMs, text };
  }

  #skipTo(slot: number, reason: "missedOffline" | "missedLate"): void {
    const to = Math.min(slot, this.#end());
    if (to <= this.#next) return;
    this.#engine.journal.count(reason, to - this.#next);
    this.#next = to;
  }

  #end(): number {
    return Math.min(this.#slots.end, slotAtOrAfter(this.#slots, this.#engine.publishUntilMs));
  }
}
