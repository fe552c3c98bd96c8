import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import acrossOnly from "./loss-across-instances-only.ts";
import afterForever from "./loss-after-fault-forever.ts";
import alternating from "./loss-alternating.ts";
import fromOne from "./loss-from-one-instance.ts";
import toOne from "./loss-to-one-instance.ts";
import withinFault from "./loss-within-fault-window.ts";
import withinInstance from "./loss-within-one-instance.ts";
import lostToAll from "./lost-to-all.ts";
import nothingCrosses from "./nothing-crosses-instances.ts";

/** Six clients in one room, two on each server: client n is on server n % 3 + 1. */
function room(story = new Story({ clients: 6 })): { story: Story; at: (client: number) => number } {
  const subscriptions = [0, 1, 2, 3, 4, 5].map((client) => story.join(client, "1", 100 + client));
  return { story, at: (client) => subscriptions[client] as number };
}

const everybody = [0, 1, 2, 3, 4, 5];
const serverOf = (client: number) => (client % 3) + 1;
const times = [3_000, 5_000, 7_000, 9_000, 11_000, 13_000, 15_000, 17_000, 19_000];

/** Each message of `publishers` in turn at `times`, received by whoever `gets` it. */
function chat(
  gets: (publisher: number, client: number, atMs: number, nth: number) => boolean,
  { publishers = [0, 1], story = room() }: { publishers?: number[]; story?: ReturnType<typeof room> } = {},
): Story {
  for (const publisher of publishers) {
    for (const [nth, atMs] of times.entries()) {
      story.story.send(publisher, nth, "1", atMs);
      for (const client of everybody) {
        if (gets(publisher, client, atMs, nth))
          story.story.receive(story.at(client), publisher, nth, nth, atMs + 20);
      }
    }
  }
  return story.story;
}

const features = {
  "loss-across-instances-only": acrossOnly,
  "loss-after-fault-forever": afterForever,
  "loss-alternating": alternating,
  "loss-from-one-instance": fromOne,
  "loss-to-one-instance": toOne,
  "loss-within-fault-window": withinFault,
  "loss-within-one-instance": withinInstance,
  "lost-to-all": lostToAll,
  "nothing-crosses-instances": nothingCrosses,
};
const foundIn = (story: Story): string[] => {
  const record = story;
  return Object.entries(features).flatMap(([name, feature]) =>
    findIn(feature, record).length > 0 ? [name] : [],
  );
};
const away = (target = "server-all/redis") =>
  room(new Story({ clients: 6 }).fault("cut", target, 8_000, 10_000));
const inFault = (atMs: number) => atMs === 9_000;

describe("which loss is which", () => {
  test("where everything arrives, nothing is found", () => {
    expect(foundIn(chat(() => true))).toEqual([]);
  });

  test("B42: only the sender's own instance hears it, all the time", () => {
    const story = chat((publisher, client) => serverOf(publisher) === serverOf(client));
    expect(foundIn(story)).toEqual(["loss-across-instances-only", "nothing-crosses-instances"]);
    const [first] = findIn(acrossOnly, story);
    expect(first).toMatchObject({ message: "1#0", atMs: 3_000, server: "server-1", client: 0 });
  });

  test("B75: each message reaches one instance, and which one it is changes", () => {
    const story = chat((publisher, client, _, nth) => serverOf(client) === ((publisher + nth) % 3) + 1);
    expect(foundIn(story)).toEqual(["loss-alternating"]);
    expect(findIn(alternating, story)[0]?.text).toBe(
      "9 messages accepted by server-1 reached one instance each: server-1 3, server-2 3, server-3 3",
    );
  });

  test("B75: a few that raced do not hide it, many do", () => {
    const raced = (few: number) =>
      chat((publisher, client, _, nth) => nth >= 9 - few || serverOf(client) === ((publisher + nth) % 3) + 1);
    expect(foundIn(raced(2))).toContain("loss-alternating");
    const partly = chat(
      (publisher, client, _, nth) =>
        serverOf(client) === ((publisher + nth) % 3) + 1 || (nth % 2 === 0 && client < 3),
    );
    expect(foundIn(partly)).not.toContain("loss-alternating");
  });

  test("B45: what was published in an outage is lost to the other instances, and nothing else is", () => {
    const story = chat(
      (publisher, client, atMs) => !inFault(atMs) || serverOf(publisher) === serverOf(client),
      { story: away() },
    );
    expect(foundIn(story)).toEqual(["loss-across-instances-only", "loss-within-fault-window"]);
  });

  test("B45, B47: one instance cut off: who published there is not heard; who was there does not hear", () => {
    const publishes = chat(
      (publisher, client, atMs) => !inFault(atMs) || serverOf(publisher) !== 1 || serverOf(client) === 1,
      { story: away("server-1/redis"), publishers: [0, 1, 2] },
    );
    expect(foundIn(publishes)).toEqual([
      "loss-across-instances-only",
      "loss-from-one-instance",
      "loss-within-fault-window",
    ]);
    const listens = chat(
      (publisher, client, atMs) => !inFault(atMs) || serverOf(client) !== 1 || serverOf(publisher) === 1,
      { story: away("server-1/redis"), publishers: [0, 1, 2] },
    );
    expect(foundIn(listens)).toEqual([
      "loss-across-instances-only",
      "loss-to-one-instance",
      "loss-within-fault-window",
    ]);
  });

  test("B46: after the outage nothing crosses any more, until the end", () => {
    const story = chat(
      (publisher, client, atMs) => atMs < 8_000 || serverOf(publisher) === serverOf(client),
      {
        story: away(),
      },
    );
    expect(foundIn(story)).toEqual(["loss-across-instances-only", "loss-after-fault-forever"]);
    const recovers = chat(
      (publisher, client, atMs) => atMs < 8_000 || atMs > 16_500 || serverOf(publisher) === serverOf(client),
      { story: away() },
    );
    expect(foundIn(recovers), "late, but it came back").not.toContain("loss-after-fault-forever");
    const always = chat((publisher, client) => serverOf(publisher) === serverOf(client), { story: away() });
    expect(foundIn(always), "it was so before").not.toContain("loss-after-fault-forever");
  });

  test("B48: a broadcast that broke off in the middle of one instance's clients", () => {
    const story = chat((_, client, atMs) => atMs !== 9_000 || client < 2);
    expect(foundIn(story)).toContain("loss-within-one-instance");
    expect(findIn(withinInstance, story).map(({ client }) => client)).toContain(4);
    expect(foundIn(story)).not.toContain("lost-to-all");
  });

  test("B28, B40, B41: nobody got it", () => {
    const story = chat((_, __, atMs) => atMs !== 9_000);
    expect(foundIn(story)).toEqual(["lost-to-all"]);
    const most = chat(
      (_, client, atMs) => ![7_000, 9_000].includes(atMs) || (atMs === 7_000 && client === 3),
    );
    expect(foundIn(most), "half of them reached somebody").not.toContain("lost-to-all");
  });
});
