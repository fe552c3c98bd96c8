import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";

/** Files that may read the wall clock, and what for: never for a duration, since it may be set at any time. */
const ALLOWED: Readonly<Record<string, string>> = {
  "chaos/faults/clock-skew.ts": "compares the wall clock of an instance with ours: that is the fault",
  "scenarios/k6/clock.ts": "fixes a monotonic clock to the run's start, once",
  "scenarios/native/clock.ts": "fixes a monotonic clock to the run's start, once",
  "harness-cli/machine.ts": "compares it with the monotonic clock: a step is a finding",
  "harness-cli/world.ts": "the world's own clock, for names and tokens",
  "harness-cli/target/child.ts": "the time of an exit, for people",
  "harness-cli/target/containers/container-child.ts": "the time of an exit, for people",
  "harness-cli/target/postgres.ts": "the age of a file",
  "harness-cli/provision/cache.ts": "the age of a file",
  "harness-cli/bench/receivers.ts": "time zero of a run, for the engines' own clocks",
  "harness-cli/bench/programs/flood-server.ts": "the time that a message carries, as a publisher writes it",
  "harness-cli/bench/wire.ts": "the life of a token",
  "harness-cli/probe/stomp-line.ts": "the life of a token",
};
const root = path.resolve(import.meta.dirname, "..");
const rooms = ["scenarios", "reports", "chaos", "harness-cli"];

test("bad luck: a wall clock that is set changes no duration, since nobody measures with it", async () => {
  const found: string[] = [];
  for (const room of rooms) {
    for (const name of await readdir(path.join(root, room), { recursive: true })) {
      const isCode =
        name.endsWith(".ts") &&
        !/\.(test|e2e|test-support)\.ts$|test-world|(fixtures|e2e|testing)\//.test(name);
      if (!isCode) continue;
      const text = await readFile(path.join(root, room, name), "utf8");
      const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
      if (code.includes("Date.now(")) found.push(`${room}/${name}`);
    }
  }
  expect(found.sort()).toEqual(
    Object.keys(ALLOWED)
      .filter((file) => found.includes(file))
      .sort(),
  );
  expect(found.length).toBeGreaterThan(3);
});
