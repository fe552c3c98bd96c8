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
  readonly data?: string | ArrayBuffer;
  readonly timestamp: number;
  /** Of `close`. Missing after RST, a cut handshake and much else: a missing code is abnormal, never nothing. */
  readonly code?: number;
  readonly reason?: string;
  /** Of `error`. */
  readonly error?: string;
}

/** A WebSocket of k6 as a wire, with what is known to go wrong in it kept away from the clients. */
export function dial(
  url: string,
  origin: string | undefined,
  events: WireEvents,
  { clock, guard }: { clock: Clock; guard: Guard },
): Wire {
  const params = {
    headers: origin === undefined ? {} : { Origin: origin },
    tags: { name: "clients" },
    jar: jarOf(events.owner),
  };
  // k6 takes sub-protocols here, though its types call the argument reserved.
  const socket = new WebSocket(url, PROTOCOLS as unknown as null, params);
  let state: "connecting" | "given-up" | "open" | "closing" = "connecting";
  let lastError = "";
  Object.assign(socket, {
    binaryType: "arraybuffer",
    onopen: guard("open", () => {
      if (state === "given-up") {
        socket.close(1000);
      } else {
        state = "open";
        events.opened();
      }
    }),
    onmessage: guard("message", ({ data, timestamp }: K6Event) => {
      events.text(textOf(data), clock.runMs(timestamp));
    }),
    onerror: guard("error", ({ error }: K6Event) => {
      lastError = error ?? "";
    }),
    onclose: guard("close", ({ code, reason }: K6Event) => {
      state = "closing";
      const received = receivedCode(code);
      events.closed(received, received === null ? lastError || (reason ?? "") : (reason ?? ""));
    }),
  });
  return {
    send(text) {
      if (state === "open") socket.send(text);
    },
    close(code, reason) {
      // While CONNECTING `close()` blocks the whole VU for good, so the attempt is left to itself.
      if (state === "connecting") state = "given-up";
      else if (state === "open") {
        state = "closing";
        socket.close(code, reason);
      }
    },
  };
}

/** 1006 is never on the wire: k6 says so itself when the stream ended without a close frame. */
function receivedCode(code: number | undefined): number | null {
  return code === undefined || code === 1006 ? null : code;
}

function textOf(data: string | ArrayBuffer | undefined): string {
  if (typeof data === "string") return data;
  return data === undefined ? "" : (decodeUtf8(new Uint8Array(data)) ?? "");
}
