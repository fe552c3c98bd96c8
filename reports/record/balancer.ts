/**
 * The balancer in front of the instances, as a plan has it: one description from which every program's own
 * configuration is made. Times are those of production, before the time scale.
 */
export interface Balancer {
  readonly program: BalancerProgram;
  readonly balance: Balance;
  /** After so much silence in both directions it ends a connection, without a WebSocket close frame (B1, F1). */
  readonly idleTimeoutMs: number;
  /** Passes `Upgrade` and `Connection` on; without them a handshake is a plain GET (E33, F3). */
  readonly passesUpgrade: boolean;
  /** What it speaks to the instances (E34). */
  readonly upstreamHttp: "1.1" | "1.0";
  /** `Host` and `X-Forwarded-For` of the client (A12). */
  readonly forwardsHeaders: boolean;
  /** Collects answers before it passes them on. No effect on WebSocket (I2), only on streams (E35, F4). */
  readonly buffers: boolean;
  /** Tries another instance when one refuses the connection, and leaves out whom it finds down (E36). */
  readonly failsOver: boolean;
  /** Servers in its list beside the instances where nobody listens, as after a deployment that forgot one. */
  readonly deadServers: number;
  /** More than these at a time are refused with 503. 0: as many as it has files for. */
  readonly connectionsMax: number;
  /** Known mistakes of balancers that are in this description already, by name. */
  readonly defects: readonly string[];
}

export const balancerPrograms = ["nginx", "haproxy"] as const;
export type BalancerProgram = (typeof balancerPrograms)[number];

export const balances = ["round-robin", "least-connections", "cookie"] as const;
export type Balance = (typeof balances)[number];

/** `nginx (round-robin), defect lb-idle-timeout-60s` */
export function tellBalancer({ program, balance, defects }: Balancer): string {
  return `${program} (${balance})${defects.length === 0 ? "" : ` with ${defects.join(", ")}`}`;
}
