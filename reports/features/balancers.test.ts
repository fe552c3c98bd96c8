import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import everyRole from "./closes-in-every-role.ts";
import oneRole from "./closes-in-one-role.ts";
import comesBack from "./comes-back-to-its-server.ts";
import nobody from "./handshake-found-nobody.ts";
import http10 from "./handshake-in-http10.ts";
import noUpgrade from "./handshake-without-upgrade.ts";

const features = { oneRole, everyRole, noUpgrade, http10, nobody, comesBack };
const foundIn = (story: Story) =>
  Object.entries(features).flatMap(([name, feature]) => (findIn(feature, story).length > 0 ? [name] : []));

/** Clients 0 to 5 beat, 6 to 11 are silent. */
function two(): Story {
  const role = (name: string) => ({ name, clients: 6, engine: "k6" as const, provokes: [] });
  const story = new Story({ clients: 12, roles: [role("beating"), role("silent")] });
  for (let client = 0; client < 12; client++) story.join(client, "1", 1_000);
  return story;
}
function closed(story: Story, from: number, to: number): Story {
  for (let client = from; client < to; client++) story.close(client, 9_000, { silentMs: 6_000 });
  return story;
}

describe("whom an idle time-out hits", () => {
  test("nobody: nothing to find", () => {
    expect(foundIn(two())).toEqual([]);
  });

  test("B1: only the silent ones, however many", () => {
    expect(foundIn(closed(two(), 6, 12))).toEqual(["oneRole"]);
    expect(findIn(oneRole, closed(two(), 6, 11))[0]?.text).toBe(
      "all 5 closes hit clients of silent, one of 2 roles",
    );
    expect(foundIn(closed(two(), 6, 10)), "too few to tell").toEqual([]);
  });

  test("B3: those who beat as well", () => {
    expect(foundIn(closed(two(), 0, 12))).toEqual(["everyRole"]);
    expect(foundIn(closed(two(), 4, 12)), "two of six beating ones").toEqual([]);
  });

  test("what a fault explains is no sign of either", () => {
    const story = two().fault("kill", "balancer", 8_500, 9_500, { closes: [1_006], drops: true });
    expect(foundIn(closed(story, 6, 12))).toEqual([]);
  });

  test("with one kind of clients there is nothing to compare", () => {
    const story = new Story({ clients: 12, roles: [{ name: "a", clients: 12, engine: "k6", provokes: [] }] });
    for (let client = 0; client < 12; client++) story.join(client, "1", 1_000);
    expect(foundIn(closed(story, 0, 12))).toEqual([]);
  });
});

describe("with which status handshakes are refused", () => {
  test.each([
    [426, ["noUpgrade"]],
    [505, ["http10"]],
    [502, ["nobody"]],
    [503, ["nobody"]],
    [504, ["nobody"]],
    [403, []],
  ])("B179, B180, B183: %i", (status, found) => {
    const reason = `bad handshake: status ${status}`;
    expect(foundIn(two().fail(1, 2_000, reason).fail(2, 3_000, reason))).toEqual(found);
    expect(foundIn(two().fail(1, 2_000, reason)), "a single one").toEqual([]);
  });

  test("k6 does not tell: nothing is found", () => {
    const reason = "websocket: bad handshake";
    expect(foundIn(two().fail(1, 2_000, reason).fail(2, 3_000, reason))).toEqual([]);
  });
});

describe("B31: where clients come back to", () => {
  /** 30 clients, ten on each server, lose their connection and come back; the first `same` of them to their own. */
  function back(same: number, clients = 30): Story {
    const story = new Story({ clients });
    for (let client = 0; client < clients; client++) story.join(client, "1", 1_000);
    for (let client = 0; client < clients; client++) {
      story.close(client, 9_000, { code: 1_012, by: "peer" });
      story.join(client, "1", 10_000 + client, (client + (client < same ? 0 : 1)) % 3);
    }
    return story;
  }

  test("a third of them to their own server, as chance has it: nothing to find", () => {
    expect(findIn(comesBack, back(10))).toEqual([]);
  });

  test("B31: nearly all of them", () => {
    expect(findIn(comesBack, back(28))[0]?.text).toBe(
      "28 of 30 clients that came back did so, of 3 instances",
    );
  });

  test("too few to tell", () => {
    expect(findIn(comesBack, back(18, 18))).toEqual([]);
  });
});
