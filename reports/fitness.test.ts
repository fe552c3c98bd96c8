import { expect, test } from "vitest";
import { unfitSeconds } from "./fitness.ts";
import { Story } from "./testing/story.ts";

test("I87: each second is judged by itself, the generator before its machine", () => {
  const story = new Story()
    .fitGenerator()
    .measure("lateness", 3_000, 60, 50)
    .measure("loopLag", 5_000, 120, 100)
    .machine(6_000, { stolen: 0.5 })
    .machine(7_990, { stolen: 0.2 })
    .machine(9_010, { stolen: 0.19, cpu: 0.949 })
    .machine(10_000, { cpu: 0.95 });
  expect(unfitSeconds(story.record(), 2_000, 10_000)).toEqual([
    { second: 3, of: "generator", why: "sends 60 ms late at p99" },
    { second: 5, of: "generator", why: "event loop 120 ms late at p99" },
    { second: 7, of: "machine", why: "20 % of the CPU was taken away by the hypervisor" },
    { second: 9, of: "machine", why: "the machine's CPU was 95 % busy" },
  ]);
  expect(unfitSeconds(story.record(), 4_000, 5_000)).toEqual([]);
});
