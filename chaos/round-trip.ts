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

/**
 * Dials `host:port`, asks, and waits for the first byte of the answer: the time from dialling to there in ms.
 * Undefined when it is refused, closed without an answer, answered by something else, or silent for `timeoutMs`.
 */
export function roundTrip(
  address: { readonly host: string; readonly port: number; readonly serverName?: string },
  kind: ProbeKind,
  timeoutMs: number,
): Promise<number | undefined> {
  const { bytes, isAnswer } = questions[kind];
  const { host, port, serverName } = address;
  const startMs = performance.now();
  const socket =
    kind === "https"
      ? tls.connect({
          host,
          port,
          rejectUnauthorized: false,
          ...(serverName ? { servername: serverName } : {}),
        })
      : net.connect({ host, port, noDelay: true });
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  socket.on(kind === "https" ? "secureConnect" : "connect", () => socket.write(bytes));
  socket.once("data", (first: Buffer) => resolve(isAnswer(first) ? performance.now() - startMs : undefined));
  socket.on("error", () => resolve(undefined));
  socket.on("close", () => resolve(undefined));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
