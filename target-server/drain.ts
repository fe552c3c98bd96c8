import { closeCodes } from "./close-codes.ts";
import type { Connection } from "./connection.ts";
import type { Log } from "./log.ts";
import { reasonOf } from "./log.ts";
import type { Outbox } from "./outbox.ts";
import { pause } from "./pause.ts";
import type { PersistQueue } from "./persist-queue.ts";
import type { StopSteps } from "./policies.ts";
import type { PublishedMarks } from "./published-marks.ts";

/** The closing waves use this share of the drain; the rest is for the last answers and the stores. */
const WAVES_SHARE = 0.8;
/** Nobody should come back sooner than after this share: time to look for another instance. */
const SOONEST_SHARE = 1 / 6;
/** For each thing that a stopping server still waits for. */
const SETTLE_DEADLINE_MS = 3_000;

export interface DrainParts {
  readonly drainMs: number;
  readonly connections: ReadonlySet<Connection>;
  readonly persistQueue: PersistQueue;
  readonly outbox: Outbox;
  readonly marks: PublishedMarks;
  readonly log: Log;
  notice(): void;
  noticeToAll(): Promise<void>;
}

/** When clients are told to come back: a range, so that they spread, up to when the last one is closed (A122, A123). */
export function announced(drainMs: number): { readonly min: number; readonly max: number } {
  return { min: Math.round(drainMs * SOONEST_SHARE), max: Math.round(drainMs * WAVES_SHARE) };
}

/** What a stop is made of; the policy puts it in order. */
export function stopSteps(parts: DrainParts): StopSteps {
  const { drainMs, connections, persistQueue, outbox, marks, log } = parts;
  const { max: windowMs } = announced(drainMs);
  /** For the answers and the close of one client. */
  const restMs = drainMs - windowMs + SETTLE_DEADLINE_MS;

  async function closeOne(connection: Connection, share: number): Promise<void> {
    await Promise.race([pause(Math.random() * windowMs * share), connection.gone]);
    const late = pause(restMs);
    // A client that takes nothing has no answer to a resume: it is told to go all the same.
    await connection.partWith(closeCodes.restart, "server is restarting", restMs / 2);
    await Promise.race([connection.gone, late]);
    connection.cut();
  }

  return {
    notice: parts.notice,
    noticeToAll: parts.noticeToAll,
    closeInWaves: async (share = 1) => {
      await Promise.all([...connections].map((connection) => closeOne(connection, share)));
    },
    flush: async () => {
      await Promise.race([persistQueue.idle(), pause(SETTLE_DEADLINE_MS)]);
      await Promise.race([outbox.idle(), pause(SETTLE_DEADLINE_MS)]);
      const marked = marks
        .flush()
        .catch((error: unknown) => log.warn("not marked", { reason: reasonOf(error) }));
      await Promise.race([marked, pause(SETTLE_DEADLINE_MS)]);
      if (outbox.depth > 0) log.warn("left unpublished for the other instances", { messages: outbox.depth });
    },
    cutAll: () => {
      for (const connection of connections) connection.cut();
    },
  };
}
