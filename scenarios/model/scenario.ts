import type { BackoffName } from "./backoff.ts";
import type { Examiner } from "./examiner.ts";
import type { Session } from "./session.ts";

/** A parameter's default; its type is the type that `-p key=value` must have. Keys carry their unit. */
export type ParamValue = number | string | boolean;
export type Params = Readonly<Record<string, ParamValue>>;

/**
 * How the clients of a role arrive. All are open schedules: client `i` is due at a time that the plan fixes, and
 * an arrival that comes late is late, not moved.
 */
export type Load =
  /** All at once at `atMs`. */
  | { readonly kind: "constant"; readonly clients: number; readonly atMs: number }
  /** Evenly over `overMs`, from `fromMs` (default 0, the start) on. */
  | { readonly kind: "ramp"; readonly clients: number; readonly overMs: number; readonly fromMs?: number };

export type Role<P extends Params = Params> = SessionRole<P> | ExamRole<P>;

/** Clients of the load: what they send and get is counted message by message. */
export interface SessionRole<P extends Params = Params> {
  readonly load: Load;
  /** What a client does after it lost its connection. */
  readonly reconnect: BackoffName;
  /** `native` where k6 cannot play the role. */
  readonly engine?: "native";
  /**
   * Close codes that it asks for by misbehaving on purpose (a reader that does not read: 1013). Its closes with these
   * are explained, each of its clients must get one, and its own latency is not judged.
   */
  readonly provokes?: readonly number[];
  /**
   * One connected life of one client. It ends by returning (a normal leave) or when the connection is lost: every
   * pending call of the session then rejects with `Lost`, and the engine waits `reconnect` and calls it again.
   */
  session(stomp: Session, params: P): Promise<void>;
}

/**
 * Clients that put questions to the server which no count of messages answers: is this handshake refused, does that
 * user stay away? Each of them must answer each question at least once (`Examiner.observe`), or the run cannot say.
 * Played by the native engine; none of its connections is part of the load.
 */
export interface ExamRole<P extends Params = Params> {
  readonly load: Load;
  readonly asks: readonly Question[];
  /** Begins when the load wants it; who throws has not answered. */
  exam(examiner: Examiner, params: P): Promise<void>;
}

export interface Question {
  /** A slug, unique in the scenario: `foreign-origin-refused`. */
  readonly about: string;
  /** Which invariant of section 0.3 it belongs to: `INV-REJECT`. One check judges all of an invariant. */
  readonly invariant: Invariant;
  /** What a sound server does, as the report shows it. */
  readonly expected: string;
}

export const invariants = [
  "INV-COVER",
  "INV-LOSS",
  "INV-DUP",
  "INV-ORDER",
  "INV-DURABLE",
  "INV-ISOLATE",
  "INV-IDENTITY",
  "INV-AUTH",
  "INV-REJECT",
  "INV-LIMIT",
  "INV-CLOSE",
  "INV-REAP",
  "INV-PRESENCE",
  "INV-BOUND",
  "INV-FAIR",
  "INV-SPREAD",
  "INV-BALANCE",
  "INV-RECOVER",
  "INV-LEAK",
  "INV-HEALTH",
  "INV-METRIC",
  "INV-LATENCY",
] as const;
export type Invariant = (typeof invariants)[number];

/** The run's own clock, in ms after its start. Everything that publishes stops at `publishUntilMs`. */
export interface Timing {
  /** Until here nothing is judged. */
  readonly warmUpMs: number;
  readonly publishUntilMs: number;
  /** Between `publishUntilMs` and here the clients only listen, so that what is in flight can arrive. */
  readonly endMs: number;
}

export interface Scenario<P extends Params = Params> {
  readonly name: string;
  readonly summary: string;
  readonly requirement: readonly `C${number}`[];
  /** Defaults. Every key must be explained. */
  readonly params: P;
  readonly explain: Readonly<Record<keyof P & string, string>>;
  /** Inclusive bounds of numeric parameters, and the choices of text parameters. */
  readonly bounds?: Readonly<
    Partial<Record<keyof P & string, readonly [number, number] | readonly string[]>>
  >;
  /** Checks that this scenario is judged by, by name. */
  readonly checks: readonly string[];
  /** Where its own limits differ from the checks', in the form of --limit; a --limit goes before. */
  readonly limits?: readonly string[];
  /** The disturbance that belongs to it, in the form of the command line; a --fault replaces all of it. */
  faults?(params: P): readonly string[];
  /** Settings that it needs the reference server to have, by environment variable (`target-server --help`). */
  reference?(params: P): Readonly<Record<string, string>>;
  /**
   * It is about what stands in front of the instances: the reference system gets a balancer without being asked, which
   * spreads the clients in this way unless somebody asks for another.
   */
  readonly balancer?: "round-robin" | "least-connections";
  /** Where waiting in full would be long: the time scale when nobody asks for another (I85). Absent: 1. */
  readonly timeScale?: number;
  /** `timeScale` for what waits on the system's own scaled timers. */
  timing(params: P, timeScale?: number): Timing;
  roles(params: P): Readonly<Record<string, Role<P>>>;
}

/** For type inference in scenario files; returns its argument. */
export function defineScenario<const P extends Params>(
  scenario: Scenario<Widen<P>> & { params: P },
): Scenario {
  return scenario as unknown as Scenario;
}

type Widen<P extends Params> = {
  readonly [K in keyof P]: P[K] extends number ? number : P[K] extends boolean ? boolean : string;
};
