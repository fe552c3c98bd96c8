import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import inPath from "./balancer-in-path.ts";
import sparesSome from "./fixed-silence-spares-some.ts";
import plainGet from "./refused-as-plain-get.ts";
import gateway from "./refused-by-gateway.ts";
import version from "./refused-for-http-version.ts";

/** Attempts that failed with these reasons. */
function refused(...reasons: string[]): Story {
  const story = new Story({ clients: reasons.length });
  for (const [client, reason] of reasons.entries()) story.fail(client, 1_000 + client, reason);
  return story;
}
const foundIn = (story: Story) =>
  Object.entries({ plainGet, gateway, version }).flatMap(([name, feature]) =>
    findIn(feature, story).length > 0 ? [name] : [],
  );

describe("why nobody gets in", () => {
  test("B179, B180, B183: each has a status of its own", () => {
    expect(foundIn(refused("status 426", "status 426"))).toEqual(["plainGet"]);
    expect(foundIn(refused("status 400"))).toEqual(["plainGet"]);
    expect(foundIn(refused("status 505"))).toEqual(["version"]);
    expect(foundIn(refused("status 502", "status 504"))).toEqual(["gateway"]);
    expect(findIn(gateway, refused("status 504", "status 502"))[0]?.text).toBe(
      "2 of 2 refused handshakes with status 502, 504",
    );
  });

  test("a few among many other failures are not the reason, and without a status there is none", () => {
    expect(foundIn(refused("status 502", "reset", "reset"))).toEqual([]);
    expect(foundIn(refused("status 502", "reset"))).toEqual(["gateway"]);
    expect(foundIn(refused("connection refused", "status 403"))).toEqual([]);
    expect(foundIn(new Story())).toEqual([]);
  });
});

describe("who outlives an idle time-out", () => {
  const quiet = (spared: number, spareMs = 19_000) => {
    const story = new Story({ clients: 6 + spared });
    for (let client = 0; client < 6; client++) {
      story.join(client, "1", 1_000 + client * 300);
      story.close(client, 7_000 + client * 300, { silentMs: 6_000 });
    }
    for (let client = 6; client < 6 + spared; client++) {
      story.join(client, "1", 2_000);
      story.leave(client, 2_000 + spareMs);
    }
    return story;
  };

  test("B1: others live on; B3: nobody does", () => {
    expect(findIn(sparesSome, quiet(2))[0]?.text).toBe("2 subscriptions lived on for over 12,000 ms");
    expect(findIn(sparesSome, quiet(0))).toEqual([]);
  });

  test("who left before two time-outs proves nothing, and without a time-out nobody was spared", () => {
    expect(findIn(sparesSome, quiet(2, 12_000))).toEqual([]);
    const none = new Story({ clients: 1 });
    none.join(0, "1", 1_000);
    expect(findIn(sparesSome, none.leave(0))).toEqual([]);
  });
});

test("B9: whether anybody stood between is told by the plan", () => {
  const balancer = {
    program: "nginx",
    balance: "round-robin",
    idleTimeoutMs: 60_000,
    passesUpgrade: true,
    upstreamHttp: "1.1",
    forwardsHeaders: true,
    buffers: false,
    failsOver: true,
    deadServers: 0,
    connectionsMax: 0,
    defects: ["lb-idle-timeout-60s"],
  } as const;
  const target = { kind: "reference", instances: 3, defects: [], runAs: "processes" } as const;
  expect(findIn(inPath, new Story({ target: { ...target, balancer } }))[0]?.text).toBe("nginx (round-robin)");
  expect(findIn(inPath, new Story({ target }))).toEqual([]);
});
