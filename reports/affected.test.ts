import { expect, test } from "vitest";
import { affectedBy } from "./affected.ts";
import { Story } from "./testing/story.ts";
import type { FaultSpan } from "./windows.ts";
import { faultSpans } from "./windows.ts";

const span = (story: Story): FaultSpan => faultSpans(story.record())[0] as FaultSpan;
const affected = (story: Story) => affectedBy(story.record(), span(story));

/** Clients 0 to 5, client n at server n % 3 + 1, all there from 1 s on. */
function six(): Story {
  const story = new Story();
  for (let client = 0; client < 6; client++) story.join(client, "room-1", 1_000);
  return story;
}

test("E62: n of m connections is counted: ended there, there, and in all", () => {
  const story = six().fault("kill", "server-2", 10_000, 12_000);
  story.close(1, 10_010).close(4, 10_020);
  expect(affected(story)).toEqual({ all: 6, there: 2, ended: 2 });
});

test("who left by itself, before or after was not hit; who came meanwhile could have been", () => {
  const story = six().fault("latency", "server-2/clients", 10_000, 12_000);
  story.close(1, 9_000); // before
  story.join(1, "room-1", 11_000, 1); // and back while it was slow
  story.close(4, 11_500, { by: "self", code: 1_000 });
  story.close(2, 11_600); // elsewhere
  story.close(1, 13_000); // after
  expect(affected(story)).toEqual({ all: 6, there: 2, ended: 0 });
});

test("a store is everybody's", () => {
  const story = six().fault("kill", "redis", 10_000, 12_000);
  story.close(0, 10_500);
  expect(affected(story)).toEqual({ all: 6, there: 6, ended: 1 });
});
