import { expect, test } from "vitest";
import type { Identity } from "./auth.ts";
import { identityRoutes } from "./identity-routes.ts";
import { createMetrics } from "./metrics.ts";
import { healthy } from "./policies.ts";
import type { Asked } from "./route.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };

test.each<Identity>([
  { user: "ann", expiresAtMs: 9e15, tokenId: "t", tiers: ["gold"] },
  { user: "ann", expiresAtMs: 9e15 },
])("A18, A45: a ticket stands for all that its token says: %j", async (identity) => {
  const issued: Identity[] = [];
  const parts = {
    authenticate: async () => ({ how: "user", ...identity }),
    revocations: { isRevoked: () => false },
    tickets: { lifeMs: 30_000, issue: async (who: Identity) => issued.push(who) },
  };
  const [tickets] = identityRoutes({
    ...{ identity: parts as never, policies: healthy, metrics: createMetrics(), log },
    setMember: async () => {},
  });
  expect(await tickets!.answer({ request: { headers: {} } } as Asked)).toMatchObject({ status: 201 });
  expect(issued).toEqual([identity]);
});
