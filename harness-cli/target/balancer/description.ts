import type { Balance, Balancer, BalancerProgram } from "../../../reports/record/balancer.ts";

/** As every guide has it: an hour (F1, F2), HTTP/1.1 with Upgrade, failover, no limit but the machine's. */
export function healthyBalancer(program: BalancerProgram, balance: Balance): Balancer {
  return {
    program,
    balance,
    idleTimeoutMs: 3_600_000,
    passesUpgrade: true,
    upstreamHttp: "1.1",
    forwardsHeaders: true,
    buffers: false,
    failsOver: true,
    deadServers: 0,
    connectionsMax: 0,
    defects: [],
  };
}

/** One instance as the balancer knows it. */
export interface Upstream {
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  /** Gets nobody new; whoever is there stays (E40). */
  readonly drained: boolean;
}

/** What a configuration is made of: the description as it is now, and where everything is. */
export interface InForce extends Omit<Balancer, "defects" | "deadServers"> {
  /** Counts the configurations; the balancer says it at `VERSION_PATH`, so that one can see which is in force. */
  readonly version: number;
  /** `host:port` where clients come in. */
  readonly listen: string;
  readonly servers: readonly Upstream[];
  /** `host:port` of the far end that tells what reached it (`mirror.ts`). */
  readonly mirror: string;
}

export const VERSION_PATH = "/seaworthy/version";
/**
 * Goes to every server in turn, whatever the algorithm for clients is: a few visits tell who can be reached. The server
 * answers as to `/health/live`.
 */
export const VISIT_PATH = "/seaworthy/visit";
/** Goes to the mirror instead of a server, by the same rules. */
export const MIRROR_PATH = "/seaworthy/mirror";
/** Says which server answered. */
export const SERVED_BY = "x-served-by";
/** Affinity by cookie: the name of a server. */
export const COOKIE = "seaworthy_server";

/** To reach a server that is on this machine or in the next container, or to know that it is not there. */
export const CONNECT_MS = 1_000;
