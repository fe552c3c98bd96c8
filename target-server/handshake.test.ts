import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { createHandshakeRate } from "./handshake-rate.ts";
import { healthyLimits } from "./limit-policies.ts";

const trusted = ["127.0.0.1", "::1"];

/** A request as Node makes it, of this peer. */
function asked(peer: string, forwarded?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: peer });
  const request = new IncomingMessage(socket);
  if (forwarded !== undefined) request.headers["x-forwarded-for"] = forwarded;
  return request;
}

function admitted(count: number, request: () => IncomingMessage): number {
  const waits = createHandshakeRate({
    rate: { count: 20, windowMs: 60_000 },
    trusted,
    policies: healthyLimits,
  });
  let accepted = 0;
  for (let n = 0; n < count; n++) if (waits(request()) === 0) accepted += 1;
  return accepted;
}

describe("A8: handshakes of one address", () => {
  test("A8: as many as the limit in a window, then the wait is told", () => {
    expect(admitted(50, () => asked("203.0.113.7"))).toBe(20);
    const waits = createHandshakeRate({
      rate: { count: 1, windowMs: 60_000 },
      trusted,
      policies: healthyLimits,
    });
    expect(waits(asked("203.0.113.7"))).toBe(0);
    expect(waits(asked("203.0.113.7"))).toBeGreaterThan(59_000);
    expect(waits(asked("203.0.113.8"))).toBe(0);
  });

  test("A8, I57: a trusted proxy is not limited itself; those it speaks for are", () => {
    expect(admitted(50, () => asked("127.0.0.1"))).toBe(50);
    expect(admitted(50, () => asked("::ffff:127.0.0.1"))).toBe(50);
    expect(admitted(50, () => asked("127.0.0.1", "198.51.100.9"))).toBe(20);
  });

  test("A8, A12: a network of trusted proxies, as containers and clouds have them", () => {
    const waits = createHandshakeRate({
      rate: { count: 1, windowMs: 60_000 },
      trusted: ["172.16.0.0/12", "fd00::/8"],
      policies: healthyLimits,
    });
    const inTurn = (address: string) => [waits(asked(address)), waits(asked(address))];
    expect(inTurn("172.18.0.4")).toEqual([0, 0]);
    expect(inTurn("::ffff:172.31.255.254")).toEqual([0, 0]);
    expect(inTurn("fd00::7")).toEqual([0, 0]);
    expect(inTurn("172.32.0.1")).toEqual([0, expect.any(Number)]);
    expect(waits(asked("172.32.0.1"))).toBeGreaterThan(59_000);
    expect(waits(asked("::ffff:10.0.0.1"))).toBe(0);
    expect(waits(asked("10.0.0.1"))).toBeGreaterThan(59_000);
  });

  test("A12: a mistake in TRUSTED_PROXIES is said", () => {
    for (const proxy of ["10.0.0.0/33", "fd00::/129", "10.0.0", "proxy", "10.0.0.1/"]) {
      const { mistakes } = readConfig({ JWT_SECRET: "x".repeat(32), TRUSTED_PROXIES: `10.0.0.1,${proxy}` });
      expect(mistakes).toEqual([expect.stringContaining(`TRUSTED_PROXIES has "${proxy}"`)]);
    }
  });

  test("B166: what the client wrote into X-Forwarded-For changes nothing", () => {
    let n = 0;
    expect(admitted(50, () => asked("127.0.0.1", `10.0.0.${n++}, 198.51.100.9`))).toBe(20);
    expect(admitted(50, () => asked("203.0.113.7", `10.0.0.${n++}`))).toBe(20);
  });

  test("A8: addresses of one /64 count as one", () => {
    let n = 0;
    expect(admitted(50, () => asked(`2001:db8::${(n++).toString(16)}`))).toBe(20);
    expect(admitted(50, () => asked(`2001:db8:0:${(n++).toString(16)}::1`))).toBe(50);
  });
});
