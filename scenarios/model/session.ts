import type { RawWire } from "./engine.ts";
import type { Random } from "./random.ts";

/** Thrown by every pending call of a session whose connection is gone. The engine handles it; scenarios let it pass. */
export class Lost extends Error {
  override readonly name = "Lost";
}

export interface Client {
  /** 0 … n−1 over all roles of the run; also the publisher number of its messages. */
  readonly number: number;
  readonly role: string;
  /** The user's name: `user-<number>`. */
  readonly user: string;
  /** This client's own seeded stream; the same in every repetition of the run. */
  readonly random: Random;
}

export interface Publishing {
  readonly destination: string;
  /** Mean distance of two slots. The schedule is fixed by the plan: slot n is due at phase + n × everyMs. */
  readonly everyMs: number;
  readonly bytes: number;
  /** Ask for a RECEIPT on every SEND: only a confirmed send can be lost. */
  readonly receipt: boolean;
}

/** One STOMP session of one client, whatever the engine. Times are ms after the run's start. */
export interface Session {
  readonly client: Client;
  /** 0 for the first connection of this client, then 1, 2, … */
  readonly attempt: number;
  /**
   * Opens the WebSocket and exchanges CONNECT and CONNECTED. `beat`: the heart-beat that CONNECT offers and wants, ms
   * on the wire; default 10 s each times the time scale.
   */
  connect(how?: { readonly beat?: readonly [sendsMs: number, wantsMs: number] }): Promise<void>;
  /** Resolves at the subscription's RECEIPT: the entitlement window opens there. */
  subscribe(destination: string): Promise<void>;
  /** Publishes on schedule until the plan's `publishUntilMs`; slots that fall due while offline count as missed. */
  publish(publishing: Publishing): Promise<void>;
  /** Stays connected and listens until the run ends. */
  stay(): Promise<void>;
  /** Stays connected and listens for so long. */
  wait(ms: number): Promise<void>;
  /**
   * The connection below WebSocket, for a client that misbehaves on purpose. The role must say `engine: "native"`:
   * elsewhere it throws. While it does not read, a silent server is nothing that it can complain of.
   */
  readonly raw: RawWire;
  /** DISCONNECT with receipt, then close 1000. */
  disconnect(): Promise<void>;
}
