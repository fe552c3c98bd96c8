import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { bearerOnly, tokenVerifier } from "./auth.ts";
import { healthyIdentity } from "./identity-policies.ts";
import { mintToken } from "./token-keys.ts";

const keys = [
  { id: "new", secret: "the new key, long enough for HS256" },
  { id: "old", secret: "the old key, long enough for HS256" },
];
const settings = { keys, audience: undefined, lifeMs: 60_000 };
const verify = tokenVerifier(settings);

interface Of {
  readonly secret?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

function token({ secret = keys[0]!.secret, kid, alg = "HS256", claims = {} }: Of = {}): Promise<string> {
  return new SignJWT({ sub: "ann", exp: Math.floor(Date.now() / 1_000) + 60, ...claims })
    .setProtectedHeader(kid === undefined ? { alg } : { alg, kid })
    .sign(new TextEncoder().encode(secret));
}

const unsigned = (header: object, claims: object) =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;

describe("A20: tokens", () => {
  test("A20: a good one names its user, its end and its id", async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60;
    expect(await verify(await token({ claims: { exp, jti: "t-1" } }))).toEqual({
      how: "user",
      user: "ann",
      expiresAtMs: exp * 1_000,
      tokenId: "t-1",
    });
  });

  test.each<[string, () => Promise<string> | string, string]>([
    ["signed with another key", () => token({ secret: "somebody else's key, long enough" }), "bad-signature"],
    ["alg none", () => unsigned({ alg: "none" }, { sub: "ann", exp: 9_999_999_999 }), "bad-signature"],
    ["another algorithm", () => token({ alg: "HS512", secret: "x".repeat(64) }), "bad-signature"],
    ["expired", () => token({ claims: { exp: 1 } }), "expired"],
    ["without an end", () => token({ claims: { exp: undefined } }), "not-valid"],
    ["without a subject", () => token({ claims: { sub: undefined } }), "no-subject"],
    ["an empty subject", () => token({ claims: { sub: "" } }), "no-subject"],
    ["a subject with a line break", () => token({ claims: { sub: "ann\nbob" } }), "no-subject"],
    ["a subject that is a path", () => token({ claims: { sub: "ann/queue" } }), "no-subject"],
    ["not valid yet", () => token({ claims: { nbf: 9_999_999_999 } }), "not-valid"],
    ["no token", () => "hello", "malformed"],
  ])("A20, B146: %s is refused", async (_what, make, reason) => {
    expect(await verify(await make())).toEqual({ how: "refused", reason });
  });

  test.each([
    [
      ["gold", "premium"],
      ["gold", "premium"],
    ],
    [[], []],
    ["premium", undefined],
    [["premium", 7], undefined],
    [Array.from({ length: 101 }, String), undefined],
  ])("A45: the claim tiers %j puts its user into %j", async (claim, tiers) => {
    const who = await verify(await token({ claims: { tiers: claim } }));
    expect(who).toMatchObject({ how: "user" });
    expect(who).toEqual(expect.objectContaining(tiers === undefined ? {} : { tiers }));
    expect("tiers" in who).toBe(tiers !== undefined);
  });

  test("A45, A25: a refreshed token has the segments of the old one", async () => {
    const who = { user: "ann", tokenId: "t", tiers: ["premium"] };
    const { token: renewed } = await mintToken(who, settings, Date.now());
    expect(await verify(renewed)).toMatchObject(who);
  });

  test("A28: while keys rotate both are good, each by its own name", async () => {
    const [recent, old] = keys.map(({ secret }) => secret) as [string, string];
    const answers = await Promise.all(
      [
        { secret: recent, kid: "new" },
        { secret: old, kid: "old" },
        { secret: recent },
        { secret: old },
        { secret: old, kid: "new" },
        { secret: recent, kid: "gone" },
      ].map(async (of) => {
        const who = await verify(await token(of));
        return who.how === "user" ? "user" : who.reason;
      }),
    );
    expect(answers).toEqual(["user", "user", "user", "user", "bad-signature", "unknown-key"]);
    const afterwards = tokenVerifier({ ...settings, keys: keys.slice(0, 1) });
    expect(await afterwards(await token({ secret: old, kid: "old" }))).toMatchObject({
      reason: "unknown-key",
    });
  });

  test("B146: where an audience is asked for, every token must have it", async () => {
    const strict = tokenVerifier({ ...settings, audience: "chat" });
    expect(await strict(await token())).toMatchObject({ reason: "not-valid" });
    expect(await strict(await token({ claims: { aud: "other" } }))).toMatchObject({ reason: "not-valid" });
    expect(await strict(await token({ claims: { aud: "chat" } }))).toMatchObject({ user: "ann" });
  });

  test("A25: a minted token is good, signed by the newest key, and keeps the id it came from", async () => {
    const nowMs = Date.now();
    const minted = await mintToken({ user: "ann", tokenId: "t-1" }, settings, nowMs);
    expect(minted.expiresAtMs).toBe(nowMs + 60_000);
    const who = await tokenVerifier({ ...settings, keys: keys.slice(0, 1) })(minted.token);
    expect(who).toMatchObject({ how: "user", user: "ann", tokenId: "t-1" });
  });

  test("A20: only `Bearer <token>` is looked at", async () => {
    const authenticate = bearerOnly(verify);
    const good = await token();
    expect(await authenticate(undefined)).toMatchObject({ reason: "missing" });
    for (const wrong of [good, `bearer ${good}`, `Basic ${good}`, `Bearer  ${good}`, `Bearer ${good} x`]) {
      expect(await authenticate(wrong)).toMatchObject({ reason: "malformed" });
    }
    expect(await authenticate(`Bearer ${good}`)).toMatchObject({ user: "ann" });
  });
});

describe("A21: who shows two identities", () => {
  const shown = { user: "ann", expiresAtMs: 1 };
  const asBob = async () => ({ how: "user", user: "bob", expiresAtMs: 2 }) as const;
  test("A21: must be the same user by both", async () => {
    expect(await healthyIdentity.identify({ handshake: shown, authorization: "x" }, asBob)).toEqual({
      how: "refused",
      reason: "user-mismatch",
    });
    const bob = { ...shown, user: "bob" };
    expect(await healthyIdentity.identify({ handshake: bob, authorization: "x" }, asBob)).toMatchObject({
      user: "bob",
      expiresAtMs: 2,
    });
  });
  test("A18, A22: a ticket alone is enough, nothing at all is not", async () => {
    const refuse = async () => ({ how: "refused", reason: "missing" }) as const;
    expect(
      await healthyIdentity.identify({ handshake: shown, authorization: undefined }, refuse),
    ).toMatchObject({ how: "user", user: "ann" });
    expect(
      await healthyIdentity.identify({ handshake: undefined, authorization: undefined }, refuse),
    ).toMatchObject({ how: "refused" });
  });
});

test("B178: /internal is for who has the token, and for nobody where there is none", () => {
  expect(healthyIdentity.mayUseInternal("Bearer s3cret", "s3cret")).toBe(true);
  expect(healthyIdentity.mayUseInternal("Bearer s3cre", "s3cret")).toBe(false);
  expect(healthyIdentity.mayUseInternal("s3cret", "s3cret")).toBe(false);
  expect(healthyIdentity.mayUseInternal(undefined, "s3cret")).toBe(false);
  expect(healthyIdentity.mayUseInternal("Bearer ", "")).toBe(false);
});

test("A26, B152: sessions whose token ran out end within the grace, spread over it", () => {
  const ends = Array.from({ length: 1_000 }, () => healthyIdentity.closeAfterExpiryMs(5_000, Math.random()));
  expect(Math.min(...ends)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...ends)).toBeLessThanOrEqual(5_000);
  for (let second = 0; second < 5; second++) {
    const share = ends.filter((ms) => Math.floor(ms / 1_000) === second).length / ends.length;
    expect(share).toBeGreaterThan(0.12);
    expect(share).toBeLessThan(0.28);
  }
});
