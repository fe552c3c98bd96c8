import WebSocket from "ws";
import { Decoder, defaultLimits } from "../../target-server/stomp/decode.ts";
import { encode } from "../../target-server/stomp/encode.ts";
import { type Frame, frame, type Headers, type Version } from "../../target-server/stomp/frame.ts";
import type { ReferenceSystem } from "./reference-system.ts";

const WAIT_MS = 30_000;

/** The server's own codec on a bare `ws`: a test sees every frame and can send any bytes. */
export class RawStompClient {
  readonly ws: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #heard: (() => void)[] = [];
  #version: Version = "1.2";
  readonly #decoder = new Decoder({ ...defaultLimits, frameBytesMax: 1_000_000 });

  constructor(url: string, origin: string, subProtocols: readonly string[] = []) {
    this.ws = new WebSocket(url, [...subProtocols], { headers: { origin } });
    this.ws.on("message", (data) => {
      for (const decoded of this.#decoder.push(data as Buffer)) {
        if (decoded.kind === "frame") this.frames.push(decoded.frame);
        if (decoded.kind === "malformed") throw new Error(`the server sent ${decoded.reason}`);
      }
      for (const hear of this.#heard.splice(0)) hear();
    });
    this.ws.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.ws.on("close", (code, reason) => {
        resolve({ code, reason: String(reason) });
        for (const hear of this.#heard.splice(0)) hear();
      });
    });
  }

  /** Speaks one version, with that version's sub-protocol; 1.0 says neither, as its clients did. */
  static async connect(
    system: ReferenceSystem,
    server: number,
    user: string,
    version: Version = "1.2",
  ): Promise<RawStompClient> {
    const subProtocols = version === "1.0" ? [] : [`v${version.replace(".", "")}.stomp`];
    const client = new RawStompClient(system.endpoint(server), system.origin, subProtocols);
    await client.opened();
    client.send("CONNECT", {
      ...(version === "1.0" ? {} : { "accept-version": version, host: "seaworthy" }),
      Authorization: `Bearer ${await system.token(user)}`,
    });
    const connected = await client.next((got) => got.command === "CONNECTED");
    if (connected.headers.version !== version) throw new Error(`agreed on ${connected.headers.version}`);
    client.#version = version;
    client.#decoder.version = version;
    return client;
  }

  opened(): Promise<unknown> {
    return new Promise((resolve, reject) => this.ws.once("open", resolve).once("error", reject));
  }

  bytes(command: string, headers: Headers = {}, body = ""): string {
    return encode(frame(command, headers, body), this.#version);
  }

  send(command: string, headers: Headers = {}, body = ""): void {
    this.ws.send(this.bytes(command, headers, body));
  }

  async subscribe(destination: string, id = destination, ack?: string): Promise<void> {
    const receipt = `to ${id}`;
    this.send("SUBSCRIBE", { id, destination, receipt, ...(ack === undefined ? {} : { ack }) });
    await this.receipt(receipt);
  }

  say(room: string, content: string, receipt = content): void {
    this.send(
      "SEND",
      { destination: `/app/chat.send/${room}`, receipt, "content-type": "application/json" },
      JSON.stringify({ content }),
    );
  }

  receipt(id: string): Promise<Frame> {
    return this.next((got) => got.command === "RECEIPT" && got.headers["receipt-id"] === id);
  }

  heard(room: string, content: string): Promise<Frame> {
    return this.next((got) => isFrom(room, got) && JSON.parse(got.body).content === content);
  }

  contents(room: string): string[] {
    return this.frames.filter((got) => isFrom(room, got)).map((got) => JSON.parse(got.body).content);
  }

  /** The first frame, past or future, that fits. */
  async next(fits: (got: Frame) => boolean): Promise<Frame> {
    const untilMs = Date.now() + WAIT_MS;
    for (let looked = 0; ; ) {
      for (; looked < this.frames.length; looked++)
        if (fits(this.frames[looked]!)) return this.frames[looked]!;
      const leftMs = untilMs - Date.now();
      if (leftMs <= 0) {
        const last = this.frames.slice(-3).map((got) => JSON.stringify(got).slice(0, 300));
        const state = this.ws.readyState === WebSocket.OPEN ? "open" : "closed";
        throw new Error(
          `waited in vain, and it is ${state}; ${this.frames.length} frames, at last ${last.join(" ")}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#heard.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

function isFrom(room: string, got: Frame): boolean {
  return got.command === "MESSAGE" && got.headers.destination === `/topic/room.${room}`;
}
