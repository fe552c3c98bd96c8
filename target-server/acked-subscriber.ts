import type { AckMode, Unacknowledged } from "./acknowledgement.ts";
import type { Outgoing, Subscriber } from "./broker.ts";

/** A subscription whose messages the client acknowledges: remembers each until it is settled. */
export class AckedSubscriber implements Subscriber {
  readonly #to: Subscriber;
  readonly #subscriptionId: string;
  readonly #mode: AckMode;
  readonly #unacknowledged: Unacknowledged;
  /** False, and said to the client, when too much waits already. */
  readonly #hasRoom: () => boolean;

  constructor(
    to: Subscriber,
    subscriptionId: string,
    mode: AckMode,
    unacknowledged: Unacknowledged,
    hasRoom: () => boolean,
  ) {
    this.#to = to;
    this.#subscriptionId = subscriptionId;
    this.#mode = mode;
    this.#unacknowledged = unacknowledged;
    this.#hasRoom = hasRoom;
  }

  deliver(framed: Buffer, outgoing: Outgoing): void {
    this.#unacknowledged.add({
      subscriptionId: this.#subscriptionId,
      mode: this.#mode,
      outgoing,
      times: 1,
    });
    if (this.#hasRoom()) this.#to.deliver(framed, outgoing);
  }
}
