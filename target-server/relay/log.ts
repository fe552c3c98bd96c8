import type { Redis } from "ioredis";
import { type Envelope, parseEnvelope } from "../envelope.ts";
import { LOG_KEY } from "./scripts.ts";

const PAGE = 500;

export interface LogEntry {
  readonly logId: string;
  /** Undefined for what is no envelope. */
  readonly envelope: (Envelope & { readonly logId: string }) | undefined;
}

/** The relay's log after `logId`, page by page, until the page that was not full. */
export async function* logAfter(redis: Redis, logId: string): AsyncGenerator<readonly LogEntry[]> {
  let last = logId;
  for (;;) {
    const page = await redis.xrange(LOG_KEY, `(${last}`, "+", "COUNT", PAGE);
    yield page.map(([id, fields]) => {
      last = id;
      return { logId: id, envelope: parseEnvelope(`{"logId":"${id}",${fields[1]}`) as LogEntry["envelope"] };
    });
    if (page.length < PAGE) return;
  }
}

/** Place of the oldest entry that the log still has. */
export async function oldestInLog(redis: Redis): Promise<string | undefined> {
  const [oldest] = await redis.xrange(LOG_KEY, "-", "+", "COUNT", 1);
  return oldest?.[0];
}
