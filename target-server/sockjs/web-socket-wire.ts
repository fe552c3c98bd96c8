import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { closeCodes } from "../close-codes.ts";
import { textFrame } from "../web-socket-frame.ts";
import type { Wire } from "../wire.ts";
import { BatchOutlet } from "./batch-outlet.ts";
import { goodbye, HEARTBEAT, OPEN, parseMessages } from "./text.ts";

/** SockJS over a WebSocket: the same socket, its texts wrapped once more. */
export class SockJsWebSocket extends EventEmitter implements Wire {
  readonly outlet: BatchOutlet;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #heartbeat: NodeJS.Timeout;

  /** `heartbeatMs`: after so much silence of ours a heart-beat goes out (A15). */
  constructor(ws: WebSocket, socket: Socket, heartbeatMs: number) {
    super();
    this.#ws = ws;
    this.#socket = socket;
    this.outlet = new BatchOutlet({
      writable: () => socket.writable,
      waitingBytes: () => socket.writableLength,
      carry: (frame) => this.#write(frame),
    });
    socket.on("drain", () => this.outlet.drained());
    ws.on("message", (data, isBinary) => {
      if (isBinary) this.emit("message", data, true);
      else this.#receive(String(data));
    });
    ws.on("ping", () => this.emit("ping"));
    ws.on("pong", () => this.emit("pong"));
    ws.on("error", (error) => this.emit("error", error));
    ws.on("close", (code) => {
      clearTimeout(this.#heartbeat);
      this.emit("close", code);
    });
    this.#heartbeat = setTimeout(() => this.#write(HEARTBEAT), heartbeatMs).unref();
    this.#write(OPEN);
  }

  close(code: number, reason: string): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#write(goodbye(code, reason));
    clearTimeout(this.#heartbeat);
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  ping(): void {
    this.#ws.ping();
  }

  #write(sockJsFrame: string): number {
    this.#heartbeat?.refresh();
    if (!this.#socket.writable) return 0;
    const frame = textFrame(sockJsFrame);
    this.#socket.write(frame);
    return frame.length;
  }

  #receive(text: string): void {
    this.emit("ping");
    if (text === "") return;
    const messages = parseMessages(text);
    if (messages === undefined) {
      this.emit("error", Object.assign(new Error("broken SockJS message"), { code: "WS_ERR_SOCKJS" }));
      this.close(closeCodes.protocolError, "broken SockJS message");
      return;
    }
    for (const message of messages) this.emit("message", Buffer.from(message));
  }
}
