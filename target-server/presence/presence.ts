import type { Redis } from "ioredis";
import { messageId } from "../message.ts";
import type { Metrics } from "../metrics.ts";
import type { Policies } from "../policies.ts";
import type { Relay } from "../relay.ts";
import { type PresenceScripts, withPresenceScripts } from "./presence-scripts.ts";

/** Joins and leaves of one moment share a step: a storm is told to Redis by the room, not by the client. */
const COLLECT_MS = 20;
/** Users told by name in one message; of more a client asks (A119). */
const NAMES_MAX = 200;
const PAIRS_MAX = 400;
const NEVER_MS = 8e15;

export interface PresenceOptions {
  readonly serverId: string;
  readonly policies: Policies;
  readonly metrics: Metrics;
  readonly relay: Relay;
  /** `lazy`: nobody is told, who wants to know asks (A119). */
  readonly mode: "push" | "lazy";
  /** Users of an instance that died are there for so long; above the detection of a dead client (I32). */
  readonly ttlMs: number;
  /** Changes of a room are collected for so long (I90). */
  readonly windowMs: number;
}

interface Here {
  readonly room: string;
  readonly user: string;
}

/**
 * Who is in which room, by user and not by tab, in Redis with an expiry for each user: every instance has the same
 * view, and an instance that dies takes nobody with it for ever (A117, A118).
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #redis: Redis & PresenceScripts;
  readonly #here = new Map<string, Here>();
  /** By session token: what Redis is to hear with the next step. */
  #news = new Map<string, Here & { readonly joins: boolean }>();
  #collecting = false;
  readonly #timers: readonly NodeJS.Timeout[];
  #tokens = 0;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#redis = withPresenceScripts(options.relay.redis);
    const sweepMs = Math.max(20, Math.min(options.windowMs / 2, options.ttlMs / 4));
    this.#timers = [
      setInterval(() => this.#refresh(), Math.max(20, options.ttlMs / 3)),
      setInterval(() => void this.#sweep().catch(() => {}), sweepMs),
    ];
    for (const timer of this.#timers) timer.unref();
    // It may be a Redis that forgot everyone.
    this.#redis.on("ready", () => this.#refresh());
  }

  /** One session's subscription to a room. Returns what ends it. */
  enter(room: string, user: string, sessionId: string): () => void {
    this.#tokens += 1;
    const token = `${sessionId}/${this.#tokens}`;
    const here = { room, user };
    this.#here.set(token, here);
    this.#tell(token, { ...here, joins: true });
    return () => {
      if (this.#here.delete(token)) this.#tell(token, { ...here, joins: false });
    };
  }

  /** Who is in the room, on all instances. Rejects when Redis is away. */
  async members(room: string): Promise<string[]> {
    return (await this.#redis.zrangebyscore(`presence:${room}`, Date.now(), "+inf")).sort();
  }

  /** Tells Redis of everything that ended. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#flush();
  }

  #tell(token: string, news: Here & { readonly joins: boolean }): void {
    this.#news.set(token, news);
    if (this.#collecting) return;
    this.#collecting = true;
    setTimeout(() => void this.#flush(), COLLECT_MS).unref();
  }

  /** What Redis does not hear now, the refresh or the expiry puts right. */
  async #flush(): Promise<void> {
    const { policies } = this.#options;
    const news = [...this.#news];
    this.#news = new Map();
    this.#collecting = false;
    const nowMs = Date.now();
    const endsAll = policies.hasLeft("some") ? "1" : "0";
    const leaves = news.filter(([, { joins }]) => !joins);
    const steps = [
      ...this.#join(news.filter(([, { joins }]) => joins)),
      ...byRoom(leaves).map(([room, pairs]) =>
        this.#redis.presenceLeave(room, nowMs, this.#due(nowMs), endsAll, ...pairs),
      ),
    ];
    await Promise.allSettled(steps);
  }

  #join(entries: readonly (readonly [string, Here])[]): Promise<number>[] {
    const { policies, ttlMs } = this.#options;
    const nowMs = Date.now();
    const untilMs = Math.min(policies.presentUntilMs(nowMs, ttlMs), NEVER_MS);
    const wholeRoom = policies.signRenews() === "the whole room" ? "1" : "0";
    return byRoom(entries).map(([room, pairs]) =>
      this.#redis.presenceJoin(room, untilMs, this.#due(nowMs), wholeRoom, ...pairs),
    );
  }

  #refresh(): void {
    for (const step of this.#join([...this.#here])) step.catch(() => {});
  }

  async #sweep(): Promise<void> {
    const { policies } = this.#options;
    const nowMs = Date.now();
    const due = policies.announcesExpiry() ? this.#due(nowMs) : "";
    for (const [room, online, ...changes] of await this.#redis.presenceSweep(nowMs, due)) {
      await this.#announce(String(room), Number(online), changes.map(String));
    }
  }

  #announce(room: string, online: number, changes: readonly string[]): Promise<void> {
    const { policies, metrics, relay, serverId } = this.#options;
    const named = (sign: string) => changes.filter((_, n) => n % 2 === 0 && changes[n + 1] === sign).sort();
    const [joined, left] = [named("+"), named("-")];
    metrics.presenceMessages.inc();
    return relay.whisper({
      destination: policies.presenceTopic(room),
      userId: null,
      originServerId: serverId,
      timestamp: Date.now(),
      msgId: messageId(),
      seq: 0,
      payload: JSON.stringify({
        type: "presence",
        roomId: room,
        online,
        joined: joined.slice(0, NAMES_MAX),
        left: left.slice(0, NAMES_MAX),
        truncated: joined.length > NAMES_MAX || left.length > NAMES_MAX,
      }),
    });
  }

  #due(nowMs: number): number | "" {
    const { mode, policies, windowMs } = this.#options;
    return mode === "lazy" ? "" : nowMs + policies.presenceWindowMs(windowMs);
  }
}

/** `[room, [user, session, …]]`, in pieces that a script takes at once. */
function byRoom(entries: readonly (readonly [string, Here])[]): (readonly [string, string[]])[] {
  const rooms = Map.groupBy(entries, ([, { room }]) => room);
  const pieces: (readonly [string, string[]])[] = [];
  for (const [room, members] of rooms) {
    for (let n = 0; n < members.length; n += PAIRS_MAX) {
      const piece = members.slice(n, n + PAIRS_MAX);
      pieces.push([room, piece.flatMap(([token, { user }]) => [user, token])]);
    }
  }
  return pieces;
}
