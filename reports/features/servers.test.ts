import { describe, expect, test } from "vitest";
import { judge } from "../judge.ts";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import gauge from "./gauge-above-clients.ts";
import oneInstance from "./one-instance-affected.ts";
import killed from "./process-was-killed.ts";
import stopped from "./process-was-stopped.ts";
import grows from "./queued-bytes-grow.ts";
import relayAway from "./relay-was-away.ts";
import slowReader from "./slow-reader-present.ts";
import held from "./sockets-held-after-vanish.ts";
import storeAway from "./store-was-away.ts";

/** Ten clients on server-1, of which `gone` vanish at 8 s; a scrape each second. */
function vanish(gone: number, of: (atMs: number, clients: number) => Record<string, number>): Story {
  const story = new Story({ clients: 10 });
  for (let client = 0; client < 10; client++) story.join(client, "1", 1_000 + client, 0);
  for (let client = 0; client < gone; client++) story.close(client, 8_000);
  for (let atMs = 500; atMs < 20_000; atMs += 1_000)
    story.server(atMs, "server-1", of(atMs, atMs < 1_010 ? 0 : atMs < 8_000 ? 10 : 10 - gone));
  return story;
}
const GAUGE = "websocket_connections_active";
const FDS = "process_open_fds";

describe("who is still there", () => {
  test("a server that lets go: nothing", () => {
    const story = vanish(8, (_, clients) => ({ [GAUGE]: clients, [FDS]: 30 + clients }));
    expect([findIn(gauge, story), findIn(held, story)]).toEqual([[], []]);
  });

  test("B6: gauge and sockets stay; B11: only the gauge", () => {
    const zombies = vanish(8, (atMs, clients) => ({
      [GAUGE]: atMs < 1_010 ? 0 : 10,
      [FDS]: 30 + (atMs < 1_010 ? clients : 10),
    }));
    expect(findIn(gauge, zombies)[0]).toMatchObject({ server: "server-1", atMs: 13_500 });
    expect(findIn(held, zombies)[0]?.text).toContain("8 clients of server-1 went");
    const leak = vanish(8, (atMs, clients) => ({ [GAUGE]: atMs < 1_010 ? 0 : 10, [FDS]: 30 + clients }));
    expect(findIn(gauge, leak)).toHaveLength(1);
    expect(findIn(held, leak)).toEqual([]);
  });

  test("a second or two too many is how it is noticed, and a few more are the probe's", () => {
    const slow = vanish(8, (atMs, clients) => ({ [GAUGE]: atMs > 8_000 && atMs < 12_000 ? 10 : clients }));
    expect(findIn(gauge, slow)).toEqual([]);
    expect(
      findIn(
        gauge,
        vanish(0, (_, clients) => ({ [GAUGE]: clients + 3 })),
      ),
    ).toEqual([]);
    expect(
      findIn(
        gauge,
        vanish(0, (_, clients) => ({ [GAUGE]: clients + 4 })),
      ),
    ).toHaveLength(1);
  });

  test("a pool that grows is no client that stayed", () => {
    const story = vanish(0, (atMs, clients) => ({ [FDS]: 30 + clients + atMs / 1_000 }));
    expect(findIn(held, story)).toEqual([]);
    const few = vanish(4, () => ({ [FDS]: 40 }));
    expect(findIn(held, few), "four are too few to say").toEqual([]);
  });
});

describe("what waits in a server", () => {
  const bytes = (of: (second: number) => number): Story => {
    const story = new Story();
    for (let second = 0; second < 15; second++)
      story.server(second * 1_000, "server-2", { websocket_send_queue_bytes: of(second) });
    return story;
  };

  test("B101: grows and grows, beyond any bound; B105: up to its bound; a burst comes and goes", () => {
    expect(
      findIn(
        grows,
        bytes((second) => second * 300_000),
      )[0],
    ).toMatchObject({ server: "server-2", atMs: 5_000 });
    expect(
      findIn(
        grows,
        bytes((second) => Math.min(524_288, second * 100_000)),
      ),
    ).toEqual([]);
    expect(
      findIn(
        grows,
        bytes((second) => (second % 3) * 2_000_000),
      ),
    ).toEqual([]);
  });
});

describe("circumstances", () => {
  const names = (story: Story) =>
    Object.entries({ storeAway, relayAway, killed, stopped }).flatMap(([name, feature]) =>
      findIn(feature, story).length > 0 ? [name] : [],
    );

  test("what was broken, and whom it hit", () => {
    const with_ = (fault: string, target: string, closes = [1_006]) =>
      names(new Story().fault(fault, target, 6_000, 8_000, { closes }));
    expect(with_("cut", "server-1/postgres")).toEqual(["storeAway"]);
    expect(with_("pg-lock-table", "postgres")).toEqual(["storeAway"]);
    expect(with_("redis-flush", "redis")).toEqual(["relayAway"]);
    expect(with_("latency", "server-2/redis", [])).toEqual(["relayAway"]);
    expect(with_("kill", "server-2")).toEqual(["killed"]);
    expect(with_("rolling-restart", "server-2", [1_000, 1_001, 1_012])).toEqual(["stopped"]);
    expect(with_("latency", "server-1/clients", [])).toEqual([]);
  });

  test("a fault without an effect is none", () => {
    const story = new Story().fault("cut", "redis", 6_000, 8_000, {
      steps: [
        ["injecting", 6_000],
        ["not-observed", 7_000],
        ["healed", 8_000],
      ],
    });
    expect(names(story)).toEqual([]);
  });

  test("clients that do not read are told by their role", () => {
    const role = (provokes: number[], clients = 2) =>
      new Story({ roles: [{ name: "stalled", clients, engine: "native", provokes }] });
    expect(findIn(slowReader, role([1_013]))[0]?.text).toBe("2 clients of the role stalled");
    expect([findIn(slowReader, role([])), findIn(slowReader, role([1_013], 0))]).toEqual([[], []]);
  });

  test("all cases on one instance that nobody aimed at", () => {
    const find = (servers: readonly string[], story = new Story({ clients: 3 })) => {
      for (const client of [0, 1, 2]) story.join(client, "1", 1_000 + client);
      const record = story.record();
      const counterexamples = servers.map((server) => ({ text: "a case", server }));
      const verdict = { status: "breached", measured: 1, samples: 1, why: "", counterexamples } as const;
      const judgement = { check: "no-gap", phase: "baseline", limit: 0, unit: "gaps", verdict };
      return oneInstance.find(record, { ...judge(record, []), judgements: [judgement] }).length > 0;
    };
    const eight = Array.from({ length: 8 }, () => "server-2");
    expect(find(eight)).toBe(true);
    expect(find(eight.slice(1)), "too few").toBe(false);
    expect(find([...eight, "server-1"])).toBe(false);
    expect(find(eight, new Story({ clients: 3 }).fault("kill", "server-2", 6_000, 8_000))).toBe(false);
  });
});
