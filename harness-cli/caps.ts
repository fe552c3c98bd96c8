import net from "node:net";
import type { Caps, External } from "../reports/record/plan.ts";
import type { Params } from "../scenarios/model/scenario.ts";
import type { Telemetry } from "../scenarios/model/telemetry.ts";
import type { MistakeList } from "./mistakes.ts";

/** Somebody else's machine should not notice more than a busy afternoon, unless its owner says otherwise. */
export const SAFE_CAPS: Caps = { connections: 100, ratePerSecond: 100 };

/** A rate is what came in this time: a burst of reconnects is not yet a flood. */
const RATE_OVER_MS = 5_000;

/** Undefined for a system on this machine, unless somebody asked for a cap. */
export function capsOf(
  target: Pick<External, "urls">,
  asked: { readonly maxConnections?: number | undefined; readonly maxRate?: number | undefined },
): Caps | undefined {
  const { maxConnections, maxRate } = asked;
  const isAway = target.urls.some((url) => !isThisMachine(new URL(url).hostname));
  if (!isAway && maxConnections === undefined && maxRate === undefined) return undefined;
  const standard = isAway ? SAFE_CAPS : { connections: 1_000_000, ratePerSecond: 1_000_000 };
  return {
    connections: maxConnections ?? standard.connections,
    ratePerSecond: maxRate ?? standard.ratePerSecond,
  };
}

/** By its name alone: what a name resolves to is looked at when the run begins. */
function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || (net.isIPv4(host) && host.startsWith("127."));
}

/** Notes what is known to be too much before anything is sent. A plan without caps for a host away gets the safe ones. */
export function checkCaps(target: External, clients: number, params: Params, mistakes: MistakeList): void {
  const caps = target.caps ?? capsOf(target, {});
  if (!caps) return;
  if (clients > caps.connections) {
    mistakes.add(
      "SW_NOT_ALLOWED",
      `${clients} connections are more than the ${caps.connections} that are allowed`,
      `if the system is yours to load, say so: --max-connections ${clients}; or use fewer clients`,
    );
  }
  const { publishEveryMs } = params;
  const rate = typeof publishEveryMs === "number" ? (clients * 1_000) / publishEveryMs : 0;
  if (rate > caps.ratePerSecond) {
    mistakes.add(
      "SW_NOT_ALLOWED",
      `${Math.round(rate)} messages a second are more than the ${caps.ratePerSecond} that are allowed`,
      `if the system is yours to load, say so: --max-rate ${Math.ceil(rate)}; or publish less often`,
    );
  }
}

/** Watches what the clients really do: a scenario of a user's own may say nothing about its rate. */
export class RateGuard {
  readonly #perSecond: number;
  readonly #recent: { readonly atMs: number; readonly did: number }[] = [];

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** What is wrong, as soon as more was done than may be. */
  telemetry(line: Telemetry): string | undefined {
    if (line.type !== "flush") return undefined;
    const dials = line.connections.filter(({ what }) => what === "connected" || what === "failed").length;
    this.#recent.push({ atMs: line.atMs, did: (line.counts.sent ?? 0) + dials });
    while ((this.#recent[0]?.atMs ?? line.atMs) <= line.atMs - RATE_OVER_MS) this.#recent.shift();
    const did = this.#recent.reduce((sum, report) => sum + report.did, 0);
    const mayMs = RATE_OVER_MS / 1_000;
    if (did <= this.#perSecond * mayMs) return undefined;
    return `${did} messages and connections within ${mayMs} s are more than ${this.#perSecond} a second`;
  }
}
