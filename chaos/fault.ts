import type { Balancer, Port, Store } from "./topology.ts";

export type FaultParams = Readonly<Record<string, number | string | boolean>>;

/** Ends what `inject` began; may run twice. */
export interface Undo extends AsyncDisposable {
  /** Whom it hits and what it has done so far, for the history: `1 of 60 connections: user-17; 3 frames`. */
  detail?(): string;
}

/**
 * One way to break things. `inject` returns its own undo; `observed` looks for the effect in the world, never at
 * the command that was sent, since a fault without effect makes its window unknown.
 */
export interface Fault<K extends Port["kind"] = Port["kind"], P extends FaultParams = FaultParams> {
  readonly name: string;
  readonly summary: string;
  readonly requirement: readonly `E${number}`[];
  readonly on: K;
  /** On a store: the only kind that it can act on. */
  readonly engine?: Store["engine"];
  /** On a process: the kinds that it can act on. Absent: all. */
  readonly processes?: readonly ("server" | Store["engine"])[];
  /** On a balancer: what it holds of one server (`server-2/balancer`). Absent: the balancer as a whole. */
  readonly ofServer?: true;
  /** On a balancer: the only program that can be made to do so. */
  readonly program?: Balancer["program"];
  /** Aimed at `server-all` it hits one after the other, each in its share of the window. */
  readonly inTurn?: true;
  readonly params: P;
  readonly explain: Readonly<Record<keyof P & string, string>>;
  readonly bounds?: Readonly<
    Partial<Record<keyof P & string, readonly [number, number] | readonly string[]>>
  >;
  /**
   * WebSocket close codes that this fault explains on the connections it hits (1006 stands for a close without a
   * frame). Anything else stays unexpected.
   */
  readonly closes: readonly number[];
  /** Does it end the connections of the clients behind its target? Then their reconnects are judged. */
  readonly drops: boolean;
  /** Several of it may be in force on one target at once and each be undone by itself. Absent: no. */
  readonly stacks?: true;
  /** How the system must be run for it. Absent: either way. */
  readonly runAs?: readonly ("processes" | "containers")[];
  /** It acts on single frames: the link it is aimed at gets the frame proxy. Absent: no. */
  readonly frames?: true;
  inject(port: PortOf<K>, params: P): Promise<Undo>;
  /** True when the effect is there. Polled until true or until the deadline. */
  observed(port: PortOf<K>, params: P): Promise<boolean>;
  /** True when the effect is gone again, after the undo. Polled in the same way. */
  healed(port: PortOf<K>, params: P): Promise<boolean>;
}

export type PortOf<K extends Port["kind"]> = Extract<Port, { readonly kind: K }>;

/** For type inference in fault files; returns its argument. */
export function defineFault<K extends Port["kind"], const P extends FaultParams>(
  fault: Fault<
    K,
    { readonly [N in keyof P]: P[N] extends number ? number : P[N] extends boolean ? boolean : string }
  > & {
    params: P;
  },
): Fault {
  return fault as unknown as Fault;
}

/**
 * What a fault on this very target explains on the clients' own connections; copied into its window. One that
 * cannot know it itself (a user's command) has a parameter `drops`.
 */
export function explains(
  fault: Pick<Fault, "on" | "closes" | "drops">,
  targetName: string,
  params: FaultParams = {},
): { readonly closes: readonly number[]; readonly drops: boolean } {
  const { closes, drops } = fault;
  return params.drops !== false && facesClients(fault.on, targetName)
    ? { closes, drops }
    : { closes: [], drops: false };
}

/**
 * Clients hang on their own links and on the processes between; Redis and Postgres have the servers for clients,
 * and a server must not answer the loss of a store by dropping its users.
 */
function facesClients(on: Port["kind"], targetName: string): boolean {
  switch (on) {
    case "link":
      return targetName.endsWith("/clients");
    case "process":
      return targetName !== "redis" && targetName !== "postgres";
    case "store":
      return false;
    case "balancer":
    case "shell":
      return true;
  }
}
