import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const mistakesOf = (env: Readonly<Record<string, string>>) =>
  readConfig({ JWT_SECRET: "s", ...env }).mistakes?.map((mistake) => mistake.split(" ")[0]);

test("A31, A67, I74: the limits of identity, and no limit hinders this machine's own load", () => {
  const { config } = readConfig({ JWT_SECRET: "s" });
  expect(config).toMatchObject({
    auth: "connect",
    roomAccess: "open",
    internalToken: "",
    tokenGraceMs: 5_000,
    ticketLifeMs: 30_000,
    trustedProxies: ["127.0.0.1", "::1"],
    tokens: { keys: [{ id: "current", secret: "s" }], audience: undefined, lifeMs: 900_000 },
    limits: {
      sessionsPerUserMax: 5,
      slotLifeMs: 15_000,
      userRate: { count: 10, windowMs: 1_000 },
      sessionRate: { count: 10, windowMs: 1_000 },
      handshakeRate: { count: 20, windowMs: 1_000 },
    },
  });
});

test("I85: lives and grace scale, rates do not: the load is not scaled either", () => {
  const { config } = readConfig({ JWT_SECRET: "s", TIME_SCALE: "0.1", USER_RATE: "30/10000" });
  expect(config).toMatchObject({
    tokenGraceMs: 500,
    ticketLifeMs: 3_000,
    tokens: { lifeMs: 90_000 },
    limits: { slotLifeMs: 1_500, userRate: { count: 30, windowMs: 10_000 } },
  });
});

test("A69: a limit can be off", () => {
  const { config } = readConfig({ JWT_SECRET: "s", USER_RATE: "off", HANDSHAKE_RATE: "off" });
  expect(config?.limits).toMatchObject({ userRate: undefined, handshakeRate: undefined });
});

test("A19, A28, A32: what cannot be meant is a mistake", () => {
  expect(mistakesOf({ AUTH: "cookie", REQUIRE_ORIGIN: "false" })).toEqual(["AUTH=cookie"]);
  expect(mistakesOf({ AUTH: "header", ROOM_ACCESS: "some", USER_RATE: "10", SESSION_RATE: "0/5" })).toEqual([
    "AUTH",
    "ROOM_ACCESS",
    "USER_RATE",
    "SESSION_RATE",
  ]);
  expect(mistakesOf({ JWT_SECRET_PREVIOUS: "x", JWT_KEY_ID_PREVIOUS: "current" })).toEqual([
    "JWT_KEY_ID_PREVIOUS",
  ]);
});

test("A33: secrets come from the environment or from files", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "seaworthy-secrets-"));
  try {
    const file = path.join(folder, "jwt");
    writeFileSync(file, "from a file\n");
    expect(readConfig({ JWT_SECRET_FILE: file }).config?.tokens.keys[0]?.secret).toBe("from a file");
    expect(readConfig({ JWT_SECRET: "s", DB_PASSWORD_FILE: path.join(folder, "none") }).mistakes?.[0]).toBe(
      "DB_PASSWORD_FILE cannot be read: ENOENT",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
