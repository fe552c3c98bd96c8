import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import onOrigin from "./duplicates-on-origin-instance.ts";
import ownNumber from "./duplicates-with-own-number.ts";
import sameNumber from "./duplicates-with-same-number.ts";
import neighbours from "./neighbours-swapped.ts";
import restarted from "./sequence-restarted.ts";

function room(): { story: Story; at: readonly number[] } {
  const story = new Story({ clients: 6 });
  const at = [0, 1, 2, 3, 4, 5].map((client) => story.join(client, "1", 100 + client));
  for (let slot = 0; slot < 10; slot++) story.send(0, slot, "1", 3_000 + slot * 1_000);
  return { story, at };
}

const copy = (subscription: number | undefined, slot: number, rendered?: boolean) =>
  ({
    what: "duplicate",
    atMs: 3_050 + slot * 1_000,
    subscription: subscription ?? -1,
    publisher: 0,
    slot,
    ...(rendered === undefined ? {} : { rendered }),
  }) as const;
const inverted = (subscription: number | undefined, sequence: number, after: number, atMs = 9_000) =>
  ({
    what: "inversion",
    atMs,
    subscription: subscription ?? -1,
    publisher: 0,
    slot: 5,
    sequence,
    after,
  }) as const;

describe("where the copies are", () => {
  test("B44: only on the instance that accepted the message", () => {
    const { story, at } = room();
    // Publisher 0 is on server-1, with client 3.
    story.oddity(copy(at[0], 1)).oddity(copy(at[3], 1));
    expect(findIn(onOrigin, story)).toHaveLength(2);
    expect(findIn(onOrigin, story)[1]).toMatchObject({ client: 3, server: "server-1", message: "0#1" });
    story.oddity(copy(at[1], 2));
    expect(findIn(onOrigin, story), "one elsewhere, and it is something else").toEqual([]);
  });

  test("B44: with one instance there is no other, so it says nothing", () => {
    const story = new Story({ clients: 1 });
    const at = story.join(0, "1", 100);
    story.send(0, 1, "1", 4_000).oddity(copy(at, 1));
    expect(findIn(onOrigin, story)).toEqual([]);
  });

  test("B77, B216: taken for two messages; B44, B132: one message delivered twice; neither without numbers", () => {
    const { story, at } = room();
    story
      .oddity(copy(at[1], 1, true))
      .oddity(copy(at[2], 2, false))
      .oddity(copy(at[4], 3));
    expect(findIn(ownNumber, story).map(({ message }) => message)).toEqual(["0#1"]);
    expect(findIn(sameNumber, story).map(({ message }) => message)).toEqual(["0#2"]);
  });
});

describe("how the order is broken", () => {
  test("B68: the numbers begin again; B65: neighbours overtake each other", () => {
    const again = room();
    for (const subscription of again.at) again.story.oddity(inverted(subscription, 1, 40));
    expect(findIn(restarted, again.story)).toHaveLength(6);
    expect(findIn(restarted, again.story)[0]?.text).toBe(
      "/topic/room.1: after number 40 came number 1 to client 0",
    );
    expect(findIn(neighbours, again.story)).toEqual([]);
    const swapped = room();
    for (const subscription of swapped.at) swapped.story.oddity(inverted(subscription, 39, 40));
    expect(findIn(neighbours, swapped.story)).toHaveLength(6);
    expect(findIn(restarted, swapped.story)).toEqual([]);
  });

  test("at the edges: a young room's late message is no restart, and a jump of ten places no neighbour", () => {
    const { story, at } = room();
    story.oddity(inverted(at[0], 1, 10)).oddity(inverted(at[1], 6, 40));
    expect(findIn(restarted, story)).toEqual([]);
    const edge = room();
    edge.story.oddity(inverted(edge.at[0], 5, 15));
    expect(findIn(restarted, edge.story)).toHaveLength(1);
    expect(findIn(neighbours, edge.story)).toEqual([]);
    const near = room();
    near.story.oddity(inverted(near.at[0], 31, 40));
    expect(findIn(neighbours, near.story)).toHaveLength(1);
  });

  test("B65: a few far ones among many near ones do not hide them; many do", () => {
    const mixed = (far: number) => {
      const { story, at } = room();
      for (let n = 0; n < 10; n++) story.oddity(inverted(at[n % 6], n < far ? 1 : 39, 40));
      return findIn(neighbours, story).length;
    };
    expect(mixed(2)).toBe(8);
    expect(mixed(3)).toBe(0);
  });
});
