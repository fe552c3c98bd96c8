import { type ChatMessage, toDto } from "./message.ts";

/**
 * What travels between instances (A92). `payload` is the DTO as JSON text; `logId` is its place in the relay's log,
 * the order in which every instance delivers.
 */
export interface Envelope {
  /** Null for what is told once and never caught up with, such as typing. */
  readonly logId: string | null;
  readonly destination: string;
  /** Null for topics; else `destination` is one of this user's queues. */
  readonly userId: string | null;
  readonly originServerId: string;
  readonly timestamp: number;
  readonly msgId: string;
  /** 0 for what has none. */
  readonly seq: number;
  readonly payload: string;
}

/**
 * The envelope's JSON with two holes where Redis itself puts the sequence it assigns: in the envelope and, inside
 * the payload's text, in the DTO. The pieces lack the leading `{"logId":…,`, which Redis knows last.
 */
export function envelopePieces(
  destination: string,
  message: ChatMessage,
  nowMs: number,
): readonly [string, string, string] {
  const { seq: _, ...dto } = toDto(message, 0);
  const head = JSON.stringify({
    destination,
    userId: null,
    originServerId: message.serverId,
    timestamp: nowMs,
    msgId: message.id,
  });
  const payload = JSON.stringify(JSON.stringify(dto));
  return [`${head.slice(1, -1)},"seq":`, `,"payload":${payload.slice(0, -2)},\\"seq\\":`, `}"}`];
}

/** The envelope without its leading `{"logId":…,`: what the relay's log keeps. */
export function envelopeBody(envelope: Omit<Envelope, "logId">): string {
  const { destination, userId, originServerId, timestamp, msgId, seq, payload } = envelope;
  return JSON.stringify({ destination, userId, originServerId, timestamp, msgId, seq, payload }).slice(1);
}

/** Undefined for whatever else is said on the channel: a stray PUBLISH must not stop the relay (A92, I36). */
export function parseEnvelope(text: string): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { logId, destination, userId, originServerId, timestamp, msgId, seq, payload } = value as Record<
    string,
    unknown
  >;
  const sound =
    (logId === null || (typeof logId === "string" && /^\d+-\d+$/.test(logId))) &&
    (userId === null || typeof userId === "string") &&
    typeof destination === "string" &&
    typeof originServerId === "string" &&
    typeof timestamp === "number" &&
    typeof msgId === "string" &&
    Number.isSafeInteger(seq) &&
    typeof payload === "string";
  return sound ? (value as Envelope) : undefined;
}

/** Order of two places in the log, `<ms>-<n>`. */
export function isAfter(logId: string, other: string): boolean {
  const [ms, n] = logId.split("-").map(Number) as [number, number];
  const [otherMs, otherN] = other.split("-").map(Number) as [number, number];
  return ms > otherMs || (ms === otherMs && n > otherN);
}
