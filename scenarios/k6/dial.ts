import { CookieJar } from "k6/http";
import { WebSocket } from "k6/websockets";
import { decodeUtf8 } from "../../target-server/stomp/utf8.ts";
import type { Wire, WireEvents } from "../model/engine.ts";
import type { Guard } from "../model/guard.ts";
import type { Clock } from "./clock.ts";

const PROTOCOLS = ["v12.stomp", "v11.stomp", "v10.stomp"];

/** k6 has one jar for all sockets of a VU: there all clients would be one, and affinity would put them on one server. */
const jars = new WeakMap<object, CookieJar>();

function jarOf(owner: object | undefined): CookieJar {
  const jar = (owner && jars.get(owner)) ?? new CookieJar();
  if (owner) jars.set(owner, jar);
  return jar;
}

/** Events as k6 2.2 really gives them; its types say less. */
interface K6Event {
  readonly target: K6Socket;
  readonly data?: string | ArrayBuffer;
  readonly timestamp: number;
  /** Of `close`. Missing after RST, a cut handshake and much else: a missing code is abnormal, never nothing. */
  readonly code?: number;
  readonly reason?: string;
  /** Of `error`. */
  readonly error?: string;
}

/** What k6 calls, and what it hands over. */
type K6Socket = WebSocket & { wire?: K6Wire };

/**
 * Dials WebSockets of k6, with what is known to go wrong in them kept away from the clients. A closure costs a
 * kilobyte in k6, so all sockets of a VU share what hears of their ends; only messages find their wire without asking.
 */
export function dialler(
  origin: string | undefined,
  { clock, guard }: { clock: Clock; guard: Guard },
): (url: string, events: WireEvents) => Wire {
  const headers = origin === undefined ? {} : { Origin: origin };
  const tags = { name: "clients" };
  const shared = {
    binaryType: "arraybuffer",
    onopen: guard("open", ({ target }: K6Event) => target.wire?.opened()),
    onerror: guard("error", ({ target, error }: K6Event) => target.wire?.failed(error ?? "")),
    onclose: guard("close", ({ target, code, reason }: K6Event) =>
      target.wire?.closed(receivedCode(code), reason ?? ""),
    ),
  };
  return (url, events) => {
    const params = { headers, tags, jar: jarOf(events.owner) };
    // k6 takes sub-protocols here, though its types call the argument reserved.
    const socket: K6Socket = new WebSocket(url, PROTOCOLS as unknown as null, params);
    const wire = new K6Wire(socket, events);
    socket.wire = wire;
    Object.assign(socket, shared, {
      onmessage: guard("message", ({ data, timestamp }: K6Event) => {
        events.text(textOf(data), clock.runMs(timestamp));
      }),
    });
    return wire;
  };
}

class K6Wire implements Wire {
  readonly #socket: WebSocket;
  readonly #events: WireEvents;
  #state: "connecting" | "given-up" | "open" | "closing" = "connecting";
  #lastError = "";

  constructor(socket: WebSocket, events: WireEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  send(text: string): void {
    if (this.#state === "open") this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    // While CONNECTING `close()` blocks the whole VU for good, so the attempt is left to itself.
    if (this.#state === "connecting") this.#state = "given-up";
    else if (this.#state === "open") {
      this.#state = "closing";
      this.#socket.close(code, reason);
    }
  }

  opened(): void {
    if (this.#state === "given-up") {
      this.#socket.close(1000);
    } else {
      this.#state = "open";
      this.#events.opened();
    }
  }

  failed(error: string): void {
    this.#lastError = error;
  }

  closed(code: number | null, reason: string): void {
    this.#state = "closing";
    this.#events.closed(code, code === null ? this.#lastError || reason : reason);
  }
}

/** 1006 is never on the wire: k6 says so itself when the stream ended without a close frame. */
function receivedCode(code: number | undefined): number | null {
  return code === undefined || code === 1006 ? null : code;
}

function textOf(data: string | ArrayBuffer | undefined): string {
  if (typeof data === "string") return data;
  return data === undefined ? "" : (decodeUtf8(new Uint8Array(data)) ?? "");
}
