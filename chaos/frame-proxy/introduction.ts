import type { Stream } from "../topology.ts";
import { headerIn } from "./stomp-text.ts";
import { FrameTap } from "./tap.ts";
import type { Unit } from "./units.ts";

/** CONNECT and CONNECTED come first and are short; whoever has sent more without them speaks something else. */
const BYTES_MAX = 64 * 1024;

/** Listens to a copy of a connection's first frames, to learn whose it is. Keeps nothing but the name. */
export class Introduction {
  #name: string | undefined;
  #bytes = 0;
  #over = false;
  readonly #taps: Readonly<Record<Stream, FrameTap>>;

  constructor() {
    const tap = () => {
      const made = new FrameTap(() => {});
      made.open((unit) => this.#hear(unit));
      return made;
    };
    this.#taps = { upstream: tap(), downstream: tap() };
  }

  get name(): string | undefined {
    return this.#name;
  }

  /** Nothing more to be learnt. */
  get over(): boolean {
    return this.#over;
  }

  take(stream: Stream, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > BYTES_MAX) this.#over = true;
    else this.#taps[stream].push(chunk);
  }

  #hear({ frame, payload, body }: Unit): void {
    if (body === undefined) return;
    const head = payload.toString("utf8", 0, body.from);
    if (frame === "CONNECT" || frame === "STOMP") this.#name ??= headerIn(head, "login");
    if (frame !== "CONNECTED") return;
    this.#name = headerIn(head, "user-name") ?? this.#name;
    this.#over = true;
  }
}
