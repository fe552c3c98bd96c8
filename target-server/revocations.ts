import type { Redis } from "ioredis";
import { type Log, reasonOf } from "./log.ts";

/** ms since 1970 of the end, by what is banned: `user:<name>` or `token:<jti>`. */
const LIST = "revoked";
const VERSION = "revoked:version";
/** Apart from the relay's `ws:*`. */
const CHANNEL = "control:revoked";
/** Pub/sub forgets what nobody heard: the version is looked at this often, well within the 2 s of I74. */
const POLL_MS = 1_000;
/** The latest time that JavaScript knows: for good. */
export const FOR_EVER_MS = 8_640_000_000_000_000;

export type Subject = `user:${string}` | `token:${string}`;

const revokeScript = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('INCR', KEYS[2])
return redis.call('PUBLISH', ARGV[4], cjson.encode({ARGV[1], ARGV[2]}))
`;

/**
 * Who is banned, on all instances (A27). Redis has the truth; this instance's copy answers on every SEND without
 * waiting (A24). It is told of changes, and looks once a second whether it missed one. While Redis is away the copy
 * stands.
 */
export class Revocations {
  readonly #commands: Redis;
  readonly #log: Log;
  readonly #onRevoked: (subject: Subject) => void;
  readonly #until = new Map<string, number>();
  readonly #polls: NodeJS.Timeout;
  #version: string | null | undefined;
  #polling = false;
  readonly #loaded = Promise.withResolvers<void>();

  constructor(commands: Redis, subscription: Redis, log: Log, onRevoked: (subject: Subject) => void) {
    this.#commands = commands;
    this.#log = log;
    this.#onRevoked = onRevoked;
    subscription.on("message", (_channel: string, text: string) => this.#hear(text));
    subscription.on("ready", () => {
      subscription.subscribe(CHANNEL).catch((error: unknown) => {
        log.warn("could not listen for bans", { reason: reasonOf(error) });
        subscription.disconnect(true);
      });
      void this.poll();
    });
    this.#polls = setInterval(() => void this.poll(), POLL_MS);
    this.#polls.unref();
  }

  isRevoked(user: string, tokenId: string | undefined, nowMs: number = Date.now()): boolean {
    if (this.#until.size === 0) return false;
    return (
      nowMs < (this.#until.get(`user:${user}`) ?? 0) ||
      (tokenId !== undefined && nowMs < (this.#until.get(`token:${tokenId}`) ?? 0))
    );
  }

  /**
   * On every instance. An end in the past lifts it.
   * @throws when Redis does not confirm: then it may or may not be in force.
   */
  async revoke(subject: Subject, untilMs: number): Promise<void> {
    await this.#commands.eval(revokeScript, 2, LIST, VERSION, subject, untilMs, Date.now(), CHANNEL);
    this.apply(subject, untilMs);
  }

  /** On this instance only. */
  apply(subject: Subject, untilMs: number): void {
    const nowMs = Date.now();
    if (untilMs <= nowMs) {
      this.#until.delete(subject);
      return;
    }
    const news = (this.#until.get(subject) ?? 0) <= nowMs;
    this.#until.set(subject, untilMs);
    if (news) this.#onRevoked(subject);
  }

  /** Reads the whole list when it has changed since the last time. */
  async poll(): Promise<void> {
    if (this.#polling || this.#commands.status !== "ready") return;
    this.#polling = true;
    try {
      const version = await this.#commands.get(VERSION);
      if (version === this.#version) return;
      if (Number(version ?? 0) < Number(this.#version ?? 0)) await this.#tellAgain();
      const rows = await this.#commands.zrangebyscore(LIST, `(${Date.now()}`, "+inf", "WITHSCORES");
      const now = new Map<string, number>();
      for (let n = 0; n + 1 < rows.length; n += 2) now.set(rows[n]!, Number(rows[n + 1]));
      for (const subject of this.#until.keys()) if (!now.has(subject)) this.#until.delete(subject);
      for (const [subject, untilMs] of now) this.apply(subject as Subject, untilMs);
      this.#version = version;
      this.#loaded.resolve();
    } catch (error) {
      this.#log.debug("could not read the bans", { reason: reasonOf(error) });
    } finally {
      this.#polling = false;
    }
  }

  /** Resolves when the list has been read once. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** A Redis that was restarted has forgotten the list; every instance still has it. */
  async #tellAgain(): Promise<void> {
    this.#log.warn("Redis lost the bans: told again", { bans: this.#until.size });
    for (const [subject, untilMs] of [...this.#until]) await this.revoke(subject as Subject, untilMs);
  }

  close(): void {
    clearInterval(this.#polls);
  }

  #hear(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    const [subject, until] = Array.isArray(value) ? (value as unknown[]) : [];
    if (typeof subject !== "string" || !/^(user|token):/.test(subject) || Number.isNaN(Number(until))) {
      this.#log.warn("heard something that is no ban", { bytes: text.length });
      return;
    }
    this.apply(subject as Subject, Number(until));
  }
}
