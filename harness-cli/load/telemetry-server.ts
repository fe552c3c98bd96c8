import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Control, Telemetry } from "../../scenarios/model/telemetry.ts";
import { parseTelemetry } from "./telemetry-line.ts";

/** Where the engines of a run report to. One socket for each VU; control goes back over the same ones. */
export interface TelemetryServer extends AsyncDisposable {
  /** Carries a secret path, so that nothing else on this machine can write into the record. */
  readonly url: string;
  send(control: Control): void;
  /** Resolves when every engine has hung up, so that no line of theirs is still on its way; at the latest after `ms`. */
  hungUp(ms: number): Promise<void>;
}

/** A flush of a very full second has some megabytes; more is not ours. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;

export async function listenForTelemetry(on: {
  line(line: Telemetry): void;
  /** A socket sent something that is no telemetry; it was closed. */
  bad(why: string): void;
}): Promise<TelemetryServer> {
  const path = `/${randomBytes(16).toString("hex")}`;
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    path,
    maxPayload: LINE_BYTES_MAX,
    perMessageDeflate: false,
  });
  await once(server, "listening");
  // What an engine that connects late has missed.
  const controls: Control[] = [];

  server.on("connection", (socket: WebSocket) => {
    for (const control of controls) socket.send(JSON.stringify(control));
    socket.on("error", (error) => on.bad(error.message));
    socket.on("message", (data) => {
      const line = parseTelemetry(String(data));
      if ("wrong" in line) {
        on.bad(line.wrong);
        socket.close(1007, line.wrong.slice(0, 120));
      } else {
        on.line(line);
      }
    });
  });

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    send(control) {
      controls.push(control);
      for (const socket of server.clients) socket.send(JSON.stringify(control));
    },
    async hungUp(ms) {
      const deadline = AbortSignal.timeout(ms);
      const open = [...server.clients].map((socket) => once(socket, "close", { signal: deadline }));
      await Promise.allSettled(open);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}
