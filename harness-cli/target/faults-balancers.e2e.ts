import { describe, expect, test } from "vitest";
import http10Upstream from "../../chaos/faults/http10-upstream.ts";
import { affinityTrials, balancerTrials } from "./fixtures/balancer-trials.ts";

describe.each(["nginx", "haproxy"] as const)("behind %s", (program) => {
  balancerTrials(program, "processes");
});

describe.each(["nginx", "haproxy"] as const)("behind %s with affinity", (program) => {
  affinityTrials(program, "processes");
});

test("E34: what HAProxy cannot be made to do is a mistake of the plan, not a fault without effect", () => {
  expect(http10Upstream.program).toBe("nginx");
});
