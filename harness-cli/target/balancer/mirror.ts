import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { argv } from "node:process";

/** What a request looked like when it came out of the balancer. */
export interface Seen {
  /** `1.0`, `1.1`. */
  readonly http: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Mirror extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
}

/** Asks for a description even where a WebSocket was wanted. */
export const TELL = "tell";

/** In a container it is a program of its own; in the harness it must not keep that from ending. */
const isProgram = import.meta.main;

/**
 * The far end of the balancer's own checks, so that what is seen is the balancer's doing and no server's: answers with
 * what it saw, takes every WebSocket and then says nothing at all, ever.
 */
export async function startMirror({
  host = "127.0.0.1",
  port = 0,
}: {
  readonly host?: string;
  readonly port?: number;
} = {}): Promise<Mirror> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(tell(request));
  });
  // Only the balancer decides when a connection was idle for too long.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (!isProgram) socket.unref();
  });
  server.on("upgrade", (request, socket) => {
    socket.on("error", () => {});
    if (request.url?.endsWith(`?${TELL}`)) {
      const text = tell(request);
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(request)}\r\n\r\n`,
    );
    socket.resume();
    socket.once("end", () => socket.destroy());
  });
  server.listen(port, host);
  await once(server, "listening");
  if (!isProgram) server.unref();
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function tell({ httpVersion, headers }: IncomingMessage): string {
  const seen: Seen = { http: httpVersion, headers };
  return JSON.stringify(seen);
}

/** RFC 6455, 4.2.2. */
function acceptOf({ headers }: IncomingMessage): string {
  return createHash("sha1")
    .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
}

/** `node mirror.ts 0.0.0.0 8080` */
if (isProgram) await startMirror({ host: argv[2] as string, port: Number(argv[3]) });
