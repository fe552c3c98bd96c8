import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { type Admission, refuseHandshake } from "./admission.ts";
import { readConfig } from "./config.ts";
import { healthy } from "./policies.ts";

const { config } = readConfig({ ALLOWED_ORIGINS: "https://a.example", JWT_SECRET: "x".repeat(40) });
const admission: Admission = {
  policies: healthy,
  config: config as NonNullable<typeof config>,
  state: () => "serving",
  connections: () => 0,
  handshakeWaits: () => 0,
  handshake: () => undefined,
};

/** A right handshake of a browser, but for what is changed. */
function handshake(httpVersion: string, changes: Readonly<Record<string, string>> = {}): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  const headers = {
    origin: "https://a.example",
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
  };
  return Object.assign(request, { url: "/ws", httpVersion, headers: { ...headers, ...changes } });
}

test("A7: a right handshake is let in", () => {
  expect(refuseHandshake(handshake("1.1"), admission)).toBeUndefined();
});

test("E34, B180: in HTTP/1.0 there is no Upgrade, whatever its headers say: 505 (RFC 6455, 4.2.1)", () => {
  expect(refuseHandshake(handshake("1.0"), admission)).toEqual({ status: 505, reason: "http-1.0" });
});

test("A7: refusals differ by cause, the cheapest first", () => {
  const statusOf = (changes: Readonly<Record<string, string>>) =>
    refuseHandshake(handshake("1.1", changes), admission)?.status;
  expect(statusOf({ origin: "https://evil.example" })).toBe(403);
  expect(statusOf({ upgrade: "h2c" })).toBe(400);
  expect(statusOf({ "sec-websocket-version": "8" })).toBe(426);
  expect(statusOf({ "sec-websocket-protocol": "mqtt" })).toBe(400);
});

test("A55: pings can be switched off, and are on unless they are", () => {
  const pings = (PINGS?: string) =>
    readConfig({
      ALLOWED_ORIGINS: "https://a.example",
      JWT_SECRET: "x".repeat(40),
      ...(PINGS === undefined ? {} : { PINGS }),
    });
  expect(pings().config?.pings).toBe(true);
  expect(pings("false").config?.pings).toBe(false);
  expect(pings("no").mistakes).toEqual([expect.stringContaining("PINGS")]);
});
