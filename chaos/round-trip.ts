import net from "node:net";
import tls from "node:tls";

/** Which question tells that the far end of a link answers. */
export type ProbeKind = "http" | "https" | "redis" | "postgres";

interface Question {
  readonly bytes: string | Uint8Array;
  isAnswer(first: Buffer): boolean;
}

const http: Question = {
  bytes: "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
  isAnswer: (first) => first.toString("latin1").startsWith("HTTP/"),
};

const questions: Readonly<Record<ProbeKind, Question>> = {
  http,
  https: http,
  // "+PONG", or an error such as NOAUTH: both are answers.
  redis: { bytes: "PING\r\n", isAnswer: (first) => first[0] === 0x2b || first[0] === 0x2d },
  // SSLRequest: length 8, code 80877103; the answer is the single byte N or S.
  postgres: {
    bytes: Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f),
    isAnswer: (first) => first[0] === 0x4e || first[0] === 0x53,
  },
};

export interface ProbeAddress {
  readonly host: string;
  readonly port: number;
  readonly serverName?: string;
}

/** A socket of its own; `connected` is called when it may be written to. */
function dial(address: ProbeAddress, kind: ProbeKind, connected: () => void): net.Socket {
  const { host, port, serverName } = address;
  const socket =
    kind === "https"
      ? tls.connect({
          host,
          port,
          rejectUnauthorized: false,
          ...(serverName ? { servername: serverName } : {}),
        })
      : net.connect({ host, port, noDelay: true });
  return socket.once(kind === "https" ? "secureConnect" : "connect", connected);
}

/**
 * Dials `host:port`, asks, and waits for the first byte of the answer: the time from dialling to there in ms.
 * Undefined when it is refused, closed without an answer, answered by something else, or silent for `timeoutMs`.
 */
export function roundTrip(
  address: ProbeAddress,
  kind: ProbeKind,
  timeoutMs: number,
): Promise<number | undefined> {
  const { bytes, isAnswer } = questions[kind];
  const startMs = performance.now();
  return probe(address, kind, timeoutMs, (socket, resolve) => {
    socket.write(bytes);
    socket.once("data", (first: Buffer) =>
      resolve(isAnswer(first) ? performance.now() - startMs : undefined),
    );
  });
}

/** From our FIN, after a real answer, to theirs: ms. Undefined without an answer or within `timeoutMs`. */
export function closing(
  address: ProbeAddress,
  kind: ProbeKind,
  timeoutMs: number,
): Promise<number | undefined> {
  const { bytes, isAnswer } = questions[kind];
  return probe(address, kind, timeoutMs, (socket, resolve) => {
    socket.write(bytes);
    socket.once("data", (first: Buffer) => {
      if (!isAnswer(first)) return resolve(undefined);
      const startMs = performance.now();
      socket.resume();
      socket.once("end", () => resolve(performance.now() - startMs));
      socket.end();
    });
  });
}

/** One connection, from dialling to the answer that `talk` gives; a broken one and one too many ms are undefined. */
export async function probe(
  address: ProbeAddress,
  kind: ProbeKind,
  timeoutMs: number,
  talk: (socket: net.Socket, resolve: (ms: number | undefined) => void) => void,
): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  const socket = dial(address, kind, () => talk(socket, resolve));
  socket.on("error", () => resolve(undefined));
  socket.on("close", () => resolve(undefined));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
