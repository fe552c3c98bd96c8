import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import never from "./absence-never-replayed.ts";
import inPart from "./absence-replayed-in-part.ts";
import silence from "./silence-not-replayed.ts";

/** Client 1 is away from 5 to 8 s, and the peer was last heard `silentMs` before; client 0 says something each second. */
function away(got: readonly number[], silentMs = 0): Story {
  const story = new Story({ clients: 2 });
  story.join(0, "1", 100);
  const before = story.join(1, "1", 110);
  for (let slot = 0; slot < 12; slot++) story.send(0, slot, "1", 1_500 + slot * 1_000);
  // Slot 3 is of 4.5 s, slots 4 to 6 of the absence.
  story.receive(before, 0, 0, silentMs > 0 ? 1 : 3, 4_600);
  story.close(1, 5_000, { silentMs });
  const after = story.join(1, "1", 8_000, 2);
  story.receive(after, 0, 7, 11, 13_000);
  for (const slot of got) story.receive(after, 0, slot, slot, 8_100);
  return story.leave(0).leave(1);
}

const foundIn = (story: Story) =>
  Object.entries({ never, inPart, silence }).flatMap(([name, feature]) =>
    findIn(feature, story).length > 0 ? [name] : [],
  );

describe("what a client got of its absence", () => {
  test("all of it: nothing to find", () => {
    expect(foundIn(away([4, 5, 6]))).toEqual([]);
  });

  test("B51: nothing of it", () => {
    expect(foundIn(away([]))).toEqual(["never"]);
    expect(findIn(never, away([]))[0]).toMatchObject({ client: 1, message: "0#4", server: "server-3" });
    expect(findIn(never, away([]))[0]?.text).toContain("never got the 3 messages of that time");
  });

  test("B49, B52, B55: some of it", () => {
    expect(foundIn(away([5, 6]))).toEqual(["inPart"]);
    expect(findIn(inPart, away([5, 6]))[0]).toMatchObject({ message: "0#4" });
    expect(findIn(inPart, away([5, 6]))[0]?.text).toContain("got 2 of the 3 messages");
  });

  test("B63: what was said while nobody had noticed that it was gone is missing, the rest is there", () => {
    const story = away([4, 5, 6], 2_000);
    expect(foundIn(story)).toEqual(["silence"]);
    expect(findIn(silence, story)[0]?.text).toContain("never got 2 messages of that time");
    expect(foundIn(away([2, 3, 4, 5, 6], 2_000)), "it was replayed as well").toEqual([]);
    expect(foundIn(away([], 2_000)), "there is no replay at all: B51").toEqual(["never"]);
  });

  test("who was never away, or missed nothing, shows nothing", () => {
    const story = new Story({ clients: 2 });
    story.join(0, "1", 100);
    story.join(1, "1", 110);
    story.send(0, 0, "1", 1_500).close(1, 5_000).join(1, "1", 8_000);
    expect(foundIn(story.leave(0).leave(1))).toEqual([]);
  });
});
