import { type ProbeAddress, type ProbeKind, probe } from "./round-trip.ts";
import type { Stream } from "./topology.ts";

/** Of one HTTP request's padding: Node refuses headers of more than 16 KiB (`--max-http-header-size`). */
const PADDING_BYTES = 8_000;
/** Fewer than an HTTP answer has, so that the requests of one batch are enough. */
const LEAST_ANSWER_BYTES = 100;

/** Upstream an answer says that its whole question has passed; downstream the answers' own bytes count. */
type Questions = (bytes: number) => readonly string[];

const request = (padding: number) =>
  `GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Padding: ${"x".repeat(padding)}\r\n\r\n`;
const redisCommand = (name: string, payload: number) =>
  `*2\r\n$${name.length}\r\n${name}\r\n$${payload}\r\n${"x".repeat(payload)}\r\n`;

const http: Readonly<Record<Stream, Questions>> = {
  upstream: (bytes) => [
    ...Array.from({ length: Math.floor(bytes / PADDING_BYTES) }, () => request(PADDING_BYTES)),
    request(bytes % PADDING_BYTES),
  ],
  downstream: (bytes) => Array.from({ length: Math.ceil(bytes / LEAST_ANSWER_BYTES) }, () => request(0)),
};
const redis: Readonly<Record<Stream, Questions>> = {
  upstream: (bytes) => [redisCommand("EXISTS", bytes)],
  downstream: (bytes) => [redisCommand("PING", bytes)],
};
/** What each answer contains once. */
const answerMarks = { http: "HTTP/1.1 ", https: "HTTP/1.1 ", redis: "\r\n" } as const;

export type Carry = (
  address: ProbeAddress,
  bytes: number,
  stream: Stream,
  timeoutMs: number,
) => Promise<number | undefined>;

/**
 * Moves at least `bytes` in one direction, as pipelined requests on one connection: ms from the first byte sent to the
 * last answer. Undefined when the connection ends before, or after `timeoutMs`.
 */
export function carryBy(kind: Exclude<ProbeKind, "postgres">): Carry {
  const speaks = kind === "redis" ? redis : http;
  return (address, bytes, stream, timeoutMs) => {
    const questions = speaks[stream](bytes);
    const mark = answerMarks[kind];
    return probe(address, kind, timeoutMs, (socket, resolve) => {
      const startMs = performance.now();
      let heard = "";
      let heardBytes = 0;
      socket.on("data", (piece: Buffer) => {
        heardBytes += piece.length;
        if (stream === "upstream") heard += piece.toString("latin1");
        const isAll =
          stream === "downstream" ? heardBytes >= bytes : heard.split(mark).length > questions.length;
        if (isAll) resolve(performance.now() - startMs);
      });
      socket.write(questions.join(""));
    });
  };
}
