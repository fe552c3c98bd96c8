import type { Redis } from "ioredis";
import { type Log, reasonOf } from "../log.ts";
import { pause } from "../pause.ts";
import type { Persisted } from "../policies.ts";
import { type IngressEvent, readEvent } from "./event.ts";
import { Lease } from "./lease.ts";

/** All instances read as one consumer: what one took and did not finish, the next finds as its own. */
const GROUP = "notification-service";
const CONSUMER = "ingress";
/** A reader that says nothing for so long is replaced by another instance's. */
const LEASE_MS = 5_000;
const STAND_BY_MS = 1_000;
/** Reads wait so long for something new; well below the deadline of a command. */
const READ_BLOCK_MS = 500;
const RETRY_PAUSE_MS = 500;
const PAGE = 100;
/** Events that nobody can deliver are kept for whoever looks, the last ones of them. */
const REFUSED_LENGTH = 1_000;

export type IngressResult = "stored" | "duplicate" | "refused" | "delayed";

export interface StreamIngressOptions {
  /** Of its own: a read that waits holds it up. Disposed of with this. */
  readonly redis: Redis & Disposable;
  readonly stream: string;
  readonly log: Log;
  /** Stores the event and sends it, or says that it was before. `name` is the same for the same event (A102). */
  deliver(event: IngressEvent, name: string): Promise<Persisted>;
  counted(result: IngressResult): void;
}

type Entry = readonly [id: string, fields: readonly string[] | null];

/**
 * Events of other systems from a Redis Stream, which stands for their Kafka topic (A101, I84):
 * `XADD <stream> * user bob destination /queue/loan-status payload {…} key <idempotency key>`.
 *
 * One instance reads at a time, so that a user's events keep their order. An entry leaves the stream when its event is
 * stored; until then it is tried again, by whichever instance reads. Trying again is harmless, because the entry's key,
 * or else its id, names the message (A102).
 */
export class StreamIngress {
  readonly #options: StreamIngressOptions;
  readonly #lease: Lease;
  readonly #over: Promise<void>;
  #closing = false;

  constructor(options: StreamIngressOptions) {
    this.#options = options;
    this.#lease = new Lease(options.redis, `${options.stream}:reader`, LEASE_MS);
    this.#over = this.#run();
  }

  /** Finishes what it has begun, and lets another instance go on at once. */
  async stop(): Promise<void> {
    this.#closing = true;
    await this.#over;
    await this.#lease.release().catch(() => {});
    this.#options.redis[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    const { redis, log } = this.#options;
    // Begun and not finished, by this instance or by one that died: these come first.
    let unfinished = true;
    let quiet = false;
    while (!this.#closing) {
      try {
        if (redis.status !== "ready" || !(await this.#lease.hold())) {
          unfinished = true;
          await pause(redis.status === "ready" ? STAND_BY_MS : RETRY_PAUSE_MS);
          continue;
        }
        const entries = await this.#read(unfinished ? "0" : ">");
        const allDone = await this.#take(entries);
        if (!allDone) await pause(RETRY_PAUSE_MS);
        unfinished = !allDone || (unfinished && entries.length > 0);
        quiet = false;
      } catch (error) {
        if (!quiet && !this.#closing) {
          log.warn("could not read the events of other systems", { reason: reasonOf(error) });
        }
        quiet = true;
        unfinished = true;
        await pause(RETRY_PAUSE_MS);
      }
    }
  }

  async #read(from: "0" | ">"): Promise<readonly Entry[]> {
    const { redis, stream } = this.#options;
    const read = () =>
      redis.xreadgroup(
        ...(["GROUP", GROUP, CONSUMER, "COUNT", PAGE, "BLOCK", READ_BLOCK_MS] as const),
        ...(["STREAMS", stream, from] as const),
      );
    const pages = await read().catch(async (error: unknown) => {
      if (!reasonOf(error).includes("NOGROUP")) throw error;
      // Also what was there before the first instance.
      await redis.xgroup("CREATE", stream, GROUP, "0", "MKSTREAM");
      return read();
    });
    return ((pages ?? []) as [string, Entry[]][])[0]?.[1] ?? [];
  }

  /** One user's events one after the other, users beside each other. False when some have to be tried again. */
  async #take(entries: readonly Entry[]): Promise<boolean> {
    const queues = Map.groupBy(
      entries.map(([id, fields]) => ({ id, fields: fields ?? [], ...readEvent(fields ?? []) })),
      ({ event }) => event?.user ?? "",
    );
    const done = await Promise.all(
      [...queues.values()].map(async (queue) => {
        for (const { id, fields, event, mistake } of queue) {
          if (event === undefined) await this.#refuse(id, fields, mistake);
          else if (!(await this.#deliver(id, event))) return false;
        }
        return true;
      }),
    );
    return done.every(Boolean);
  }

  async #deliver(id: string, event: IngressEvent): Promise<boolean> {
    const { stream, redis, counted, deliver } = this.#options;
    const persisted = await deliver(event, event.key ?? `${stream}/${id}`);
    const done = persisted.how === "stored" || persisted.how === "duplicate";
    counted(done ? persisted.how : "delayed");
    if (done) await redis.multi().xack(stream, GROUP, id).xdel(stream, id).exec();
    return done;
  }

  /** It would come again for ever, and hold up what is behind it. */
  async #refuse(id: string, fields: readonly string[], mistake: string): Promise<void> {
    const { stream, redis, log, counted } = this.#options;
    log.warn("an event of another system cannot be delivered", { id, mistake });
    counted("refused");
    await redis
      .multi()
      .xadd(`${stream}:refused`, "MAXLEN", "~", REFUSED_LENGTH, "*", "id", id, "mistake", mistake, ...fields)
      .xack(stream, GROUP, id)
      .xdel(stream, id)
      .exec();
  }
}
