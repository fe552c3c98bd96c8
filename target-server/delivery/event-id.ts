import { createHash } from "node:crypto";

/** Of an idempotency key: the same key is the same message, in the journal, in Redis and at the client (A102). */
export function idOfKey(key: string): string {
  return `key-${createHash("sha256").update(key).digest("hex")}`;
}
