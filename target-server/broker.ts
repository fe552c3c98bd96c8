import { encode } from "./stomp/encode.ts";
import { frame, type Headers, type Version } from "./stomp/frame.ts";
import { textFrame } from "./web-socket-frame.ts";

/** Someone with a socket. The buffer is shared by all subscribers: never write into it. */
export interface Subscriber {
  deliver(framed: Buffer): void;
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
  readonly subscribers: Set<Subscriber>;
}

/** The subscriptions of this instance's own clients. What others published comes in through the relay. */
export class Broker {
  readonly #topics = new Map<string, Map<string, Audience>>();

  subscribe(destination: string, version: Version, subscriptionId: string, subscriber: Subscriber): void {
    const audiences = this.#topics.get(destination) ?? new Map<string, Audience>();
    this.#topics.set(destination, audiences);
    const key = `${version} ${subscriptionId}`;
    const audience = audiences.get(key) ?? { version, subscriptionId, subscribers: new Set() };
    audiences.set(key, audience);
    audience.subscribers.add(subscriber);
  }

  /** Unsubscribing twice is fine: a session's end may be noticed from both sides. */
  unsubscribe(destination: string, version: Version, subscriptionId: string, subscriber: Subscriber): void {
    const audiences = this.#topics.get(destination);
    const key = `${version} ${subscriptionId}`;
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
      for (const subscriber of audience.subscribers) subscriber.deliver(framed);
      deliveries += audience.subscribers.size;
    }
    return deliveries;
  }

  get destinations(): number {
    return this.#topics.size;
  }
}

function frameFor(audience: Audience, outgoing: Outgoing): Buffer {
  const headers = { ...outgoing.headers, subscription: audience.subscriptionId };
  return textFrame(encode(frame("MESSAGE", headers, outgoing.body), audience.version));
}
