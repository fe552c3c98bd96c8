import type { Redis } from "ioredis";
import type { StreamPages, StreamReaders } from "../delivery-policies.ts";
import { isAfter } from "../envelope.ts";
import { oldestInLog } from "./log.ts";
import { LOG_KEY } from "./scripts.ts";

/** What is told once, of which a reader that was away misses nothing worth having. */
export const FLEETING_KEY = "relay:fleeting";
export const FLEETING_LENGTH = 1_000;
/** A reader asks again after this long without anything new; well below the deadline of a command. */
const READ_BLOCK_MS = 500;
const PAGE = 500;
const SHARED_GROUP = "instances";

export interface StreamReaderOptions {
  /** Of its own: a read that waits holds it up. */
  readonly reading: Redis;
  readonly commands: Redis;
  readonly serverId: string;
  /** By policy (B75, B76). */
  readStream(readers: StreamReaders): Promise<StreamPages>;
  /** False once another reader has taken over. */
  isOpen(): boolean;
  /** Where this instance stopped; moved on by `logged`. */
  lastLogId(): string | undefined;
  logged(id: string, body: string): void;
  fleeting(body: string): void;
  /** What came next was trimmed away before it was read. */
  missed(): void;
}

/**
 * Instances that read the log itself (RELAY=streams, A94). Each has its own cursor, and goes on where it was: a group
 * would share the entries out (I59). Ends when it is not open any more; rejects when Redis does not answer.
 */
export async function readStreams(options: StreamReaderOptions): Promise<void> {
  const { commands, isOpen, lastLogId } = options;
  const [fleeting] = await commands.xrevrange(FLEETING_KEY, "+", "-", "COUNT", 1);
  let fleetingId = fleeting?.[0] ?? "0-0";
  while (isOpen()) {
    const beforeId = lastLogId();
    const pages = await options.readStream(readersOf(options, fleetingId));
    if (!isOpen()) return;
    const logged = pages.find(([stream]) => stream === LOG_KEY)?.[1] ?? [];
    // Who is a whole page behind may be behind the end of the log.
    if (logged.length >= PAGE && beforeId !== undefined) {
      const oldest = await oldestInLog(commands);
      if (oldest !== undefined && isAfter(oldest, beforeId)) options.missed();
      if (!isOpen()) return;
    }
    for (const [stream, entries] of pages) {
      for (const [id, fields] of entries) {
        if (stream === LOG_KEY) options.logged(id, fields[1] ?? "");
        else {
          fleetingId = id;
          options.fleeting(fields[1] ?? "");
        }
      }
    }
  }
}

function readersOf({ reading, serverId, lastLogId }: StreamReaderOptions, fleetingId: string): StreamReaders {
  const read = async (logId: string, otherId: string) =>
    ((await reading.xread(
      ...(["COUNT", PAGE, "BLOCK", READ_BLOCK_MS] as const),
      ...(["STREAMS", LOG_KEY, FLEETING_KEY, logId, otherId] as const),
    )) ?? []) as StreamPages;
  return {
    own: () => read(lastLogId() ?? "0-0", fleetingId),
    newest: () => read("$", "$"),
    shared: async () => {
      await reading.xgroup("CREATE", LOG_KEY, SHARED_GROUP, "$", "MKSTREAM").catch(() => {});
      return ((await reading.xreadgroup(
        ...(["GROUP", SHARED_GROUP, serverId] as const),
        ...(["COUNT", PAGE, "BLOCK", READ_BLOCK_MS, "NOACK"] as const),
        ...(["STREAMS", LOG_KEY, ">"] as const),
      )) ?? []) as StreamPages;
    },
  };
}
