import { ackId } from "./acknowledgement.ts";
import { encode } from "./stomp/encode.ts";
import { frame, type Headers, type Version } from "./stomp/frame.ts";
import { textFrame } from "./web-socket-frame.ts";

/** Someone with a socket. The buffer is shared by all subscribers: never write into it. */
export interface Subscriber {
  deliver(framed: Buffer, outgoing: Outgoing): void;
}

/** What a MESSAGE carries, apart from its subscription. */
export interface Outgoing {
  readonly headers: Headers;
  readonly body: string;
}

/** Subscribers who asked with the same subscription id and version: one framed buffer serves them all. */
interface Audience {
  readonly version: Version;
  readonly subscriptionId: string;
  /** Its messages carry an `ack` header. */
  readonly acked: boolean;
  readonly subscribers: Set<Subscriber>;
}

/** The subscriptions of this instance's own clients. What others published comes in through the relay. */
export class Broker {
  readonly #topics = new Map<string, Map<string, Audience>>();

  subscribe(
    destination: string,
    version: Version,
    subscriptionId: string,
    subscriber: Subscriber,
    acked = false,
  ): void {
    const audiences = this.#topics.get(destination) ?? new Map<string, Audience>();
    this.#topics.set(destination, audiences);
    const key = audienceKey(version, subscriptionId, acked);
    const audience = audiences.get(key) ?? { version, subscriptionId, acked, subscribers: new Set() };
    audiences.set(key, audience);
    audience.subscribers.add(subscriber);
  }

  /** Unsubscribing twice is fine: a session's end may be noticed from both sides. */
  unsubscribe(
    destination: string,
    version: Version,
    subscriptionId: string,
    subscriber: Subscriber,
    acked = false,
  ): void {
    const audiences = this.#topics.get(destination);
    const key = audienceKey(version, subscriptionId, acked);
    const audience = audiences?.get(key);
    if (audiences === undefined || audience === undefined) return;
    audience.subscribers.delete(subscriber);
    if (audience.subscribers.size === 0) audiences.delete(key);
    if (audiences.size === 0) this.#topics.delete(destination);
  }

  /** Returns how many subscriptions got it; a topic without any is not an error (A37). */
  deliver(destination: string, outgoing: Outgoing): number {
    let deliveries = 0;
    for (const audience of this.#topics.get(destination)?.values() ?? []) {
      const framed = frameFor(audience, outgoing);
      for (const subscriber of audience.subscribers) subscriber.deliver(framed, outgoing);
      deliveries += audience.subscribers.size;
    }
    return deliveries;
  }

  get destinations(): number {
    return this.#topics.size;
  }

  /** How many subscriptions each destination has, counted now. */
  *audiences(): Iterable<{ readonly destination: string; readonly subscriptions: number }> {
    for (const [destination, audiences] of this.#topics) {
      let subscriptions = 0;
      for (const { subscribers } of audiences.values()) subscriptions += subscribers.size;
      yield { destination, subscriptions };
    }
  }
}

function audienceKey(version: Version, subscriptionId: string, acked: boolean): string {
  return `${version} ${acked ? "acked" : "auto"} ${subscriptionId}`;
}

/** The MESSAGE for everyone who asked in the same way. */
export function frameFor(audience: Omit<Audience, "subscribers">, outgoing: Outgoing): Buffer {
  const { subscriptionId, acked, version } = audience;
  const headers: Record<string, string> = { ...outgoing.headers, subscription: subscriptionId };
  if (acked && version === "1.2") headers.ack = ackId(subscriptionId, outgoing);
  return textFrame(encode(frame("MESSAGE", headers, outgoing.body), version));
}
