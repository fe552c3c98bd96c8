import type { IncomingMessage } from "node:http";
import type { LimitPolicies } from "./limit-policies.ts";
import { type Rate, SlidingWindows } from "./sliding-window.ts";
import { addressList, plain } from "./trusted-addresses.ts";

export interface HandshakeRateOptions {
  /** Per address, on this instance: it stands for the edge (A8). Undefined: no limit. */
  readonly rate: Rate | undefined;
  /** Proxies whose `X-Forwarded-For` is believed; not limited themselves (I57, B165). */
  readonly trusted: readonly string[];
  readonly policies: LimitPolicies;
}

/** ms until this address may try again; 0: it may go on. Asked before anything else that costs work. */
export function createHandshakeRate({ rate, trusted, policies }: HandshakeRateOptions) {
  const addresses = rate === undefined ? undefined : new SlidingWindows(rate);
  const isTrusted = addressList(trusted);
  return (request: IncomingMessage): number => {
    if (addresses === undefined) return 0;
    const peer = plain(request.socket.remoteAddress ?? "");
    const header = request.headers["x-forwarded-for"];
    const forwarded = (Array.isArray(header) ? header.join(",") : (header ?? ""))
      .split(",")
      .map((address) => plain(address.trim()))
      .filter((address) => address !== "");
    const address = policies.clientAddress({
      peer,
      forwarded: isTrusted(peer) ? forwarded : [],
      isTrusted,
    });
    if (isTrusted(address)) return 0;
    let waits = 0;
    const allowed = policies.mayShakeHands(() => {
      waits = addresses.take(networkOf(address), performance.now());
      return waits === 0;
    });
    return allowed ? 0 : waits;
  };
}

/** One customer has a whole /64 of IPv6: what differs behind it is theirs to choose. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::", 2);
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length);
  const all = [
    ...groups,
    ...Array.from({ length: Math.max(0, missing) }, () => "0"),
    ...(tail?.split(":") ?? []),
  ];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
