import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import comesBack from "./comes-back-to-its-server.ts";

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
