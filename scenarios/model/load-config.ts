import type { Params, Timing } from "./scenario.ts";

/** What an engine needs of a plan, complete: it goes into the generated k6-entry.ts as a literal. */
export interface LoadConfig {
  readonly scenario: string;
  readonly seed: number;
  readonly nonce: string;
  readonly timeScale: number;
  readonly params: Params;
  readonly timing: Timing;
  /** ws:// or wss:// addresses; client i begins at endpoint i % n. */
  readonly endpoints: readonly string[];
  /** `host:port` that is dialled at another `ip:port`, its name kept: a proxy in front of wss://. */
  readonly hosts?: Readonly<Record<string, string>>;
  readonly access: LoadAccess;
  /**
   * The target is the reference server: it reports rejected messages on /user/queue/reply, which nobody may
   * subscribe to on a server that we do not know.
   */
  readonly reference: boolean;
  /** The virtual users of this engine and what each of them plays. */
  readonly shards: readonly Shard[];
  /** Over all engines of the run. */
  readonly vusInAll: number;
}

/** What one VU plays: of these roles every client whose number leaves this remainder. */
export interface Shard {
  /** Counts from 1 through all engines of the run. */
  readonly vu: number;
  readonly roles: readonly string[];
  readonly part: number;
  readonly parts: number;
}

/** What CONNECT must carry. */
export type LoadAccess =
  /** A JWT (HS256, `sub` = user) signed with this secret for each connection. */
  | {
      readonly kind: "jwt";
      readonly secret: string;
      readonly origin: string;
      /** Bearer token of `/internal/…`, for exams. */
      readonly internalToken?: string;
    }
  /** Fixed headers; `{user}` in a value becomes the client's name. */
  | {
      readonly kind: "headers";
      readonly headers: Readonly<Record<string, string>>;
      readonly origin?: string;
    };
