import type { Outgoing } from "./broker.ts";
import type { Headers, Version } from "./stomp/frame.ts";

/** How a subscription's messages are acknowledged; `auto` ones are not, and never come here. */
export type AckMode = "client" | "client-individual";

export function isAckMode(text: string): text is AckMode {
  return text === "client" || text === "client-individual";
}

/** One message on its way to one subscription, not acknowledged yet. */
export interface Delivery {
  readonly subscriptionId: string;
  readonly mode: AckMode;
  readonly outgoing: Outgoing;
  /** 1 for the first time. */
  readonly times: number;
}

/**
 * The `ack` header of a MESSAGE (1.2). Made of subscription and message, so that one framed buffer serves everybody
 * who asked with the same subscription id, and so that 1.1, which names both, finds the same entry.
 */
export function ackId(subscriptionId: string, outgoing: Outgoing): string {
  return `${outgoing.headers["message-id"]} ${subscriptionId}`;
}

/** Of messages that were sent twice; who never answers the second time is not remembered for ever. */
const REPEATED_MAX = 1_000;

/**
 * What one client was sent and has not acknowledged, in the order of sending. Dies with its session: who comes back
 * asks for what it missed by sequence (A107).
 */
export class Unacknowledged {
  readonly #deliveries = new Map<string, Delivery>();
  /** How many more answers there may be to a message that was sent again while the first answer was open. */
  readonly #repeated = new Map<string, number>();
  #bytes = 0;

  get depth(): number {
    return this.#deliveries.size;
  }

  /** Of bodies, in UTF-16 units: what the text costs in memory is this or twice this. */
  get bytes(): number {
    return this.#bytes;
  }

  add(delivery: Delivery): void {
    const id = ackId(delivery.subscriptionId, delivery.outgoing);
    if (this.#deliveries.has(id)) this.#expectAgain(id);
    this.#remove(id); // the same message again: it waits once, at its new place
    this.#deliveries.set(id, delivery);
    this.#bytes += delivery.outgoing.body.length;
  }

  /**
   * Takes out what this ACK or NACK is about: one message, or in mode `client` also everything sent before it to the
   * same subscription. Nothing where it is answered a second time, having been sent twice; undefined where nothing of
   * that name waits.
   */
  settle(headers: Headers, version: Version): Delivery[] | undefined {
    const last = this.#find(headers, version);
    const named = last === undefined ? undefined : this.#deliveries.get(last);
    if (last === undefined) return undefined;
    if (named === undefined) return this.#answeredAgain(last) ? [] : undefined;
    if (named.mode === "client-individual") {
      this.#remove(last);
      return [named];
    }
    const settled: Delivery[] = [];
    for (const [id, delivery] of this.#deliveries) {
      if (delivery.subscriptionId !== named.subscriptionId) continue;
      settled.push(delivery);
      this.#remove(id);
      if (id === last) break;
    }
    return settled;
  }

  /** Its subscription is gone, and nobody will acknowledge these. */
  forget(subscriptionId: string): void {
    for (const [id, delivery] of this.#deliveries) {
      if (delivery.subscriptionId === subscriptionId) this.#remove(id);
    }
    for (const id of this.#repeated.keys()) if (id.endsWith(` ${subscriptionId}`)) this.#repeated.delete(id);
  }

  clear(): void {
    this.#deliveries.clear();
    this.#repeated.clear();
    this.#bytes = 0;
  }

  /** 1.2 names the `ack` header's value; 1.1 subscription and message; 1.0 the message alone. */
  #find(headers: Headers, version: Version): string | undefined {
    if (version === "1.2") return headers.id;
    const message = headers["message-id"];
    if (headers.subscription !== undefined) return `${message} ${headers.subscription}`;
    if (version === "1.1") return undefined;
    for (const [id, { outgoing }] of this.#deliveries) {
      if (outgoing.headers["message-id"] === message) return id;
    }
    return [...this.#repeated.keys()].find((id) => id.startsWith(`${message} `));
  }

  #expectAgain(id: string): void {
    this.#repeated.set(id, (this.#repeated.get(id) ?? 0) + 1);
    if (this.#repeated.size > REPEATED_MAX) this.#repeated.delete(this.#repeated.keys().next().value!);
  }

  #answeredAgain(id: string): boolean {
    const times = this.#repeated.get(id) ?? 0;
    if (times > 1) this.#repeated.set(id, times - 1);
    else this.#repeated.delete(id);
    return times > 0;
  }

  #remove(id: string): void {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined) return;
    this.#deliveries.delete(id);
    this.#bytes -= delivery.outgoing.body.length;
  }
}
