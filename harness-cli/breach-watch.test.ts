import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRecord } from "../reports/record/writer.ts";
import { Story } from "../reports/testing/story.ts";
import type { Telemetry } from "../scenarios/model/telemetry.ts";
import { watchForBreach } from "./breach-watch.ts";
import { loadCatalog } from "./catalog.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "seaworthy-breach-"));
});
afterEach(() => rm(dir, { recursive: true }));

const CHECKS = ["generator-valid", "delivery-p99", "close-codes", "no-duplicate"].map((name) => ({
  name,
  limits: { baseline: name === "generator-valid" ? 50 : 0 },
}));

/** Three clients in a room, a fit generator, and reports until 10 s: the run is still going. */
function running(): Story {
  const story = new Story().checks(...CHECKS).fitGenerator();
  for (const client of [0, 1, 2]) story.join(client, "room-0", 500 + client);
  return story.ended(undefined, 10_000);
}

/** Writes the record so far, tells the watch of it, and waits until it has said something, or looked. */
async function watched(story: Story, until: "breach" | "looked") {
  const { plan, history, ledger, samples } = story.lines();
  const record = openRecord(dir, plan);
  for (const event of history) record.history(event);
  for (const sample of samples) record.sample(sample);
  for (const line of ledger as readonly Telemetry[]) record.telemetry(line);
  await using watch = watchForBreach({ dir, plan, catalog: await loadCatalog(), cwd: dir, lookEveryMs: 20 });
  const said = new Promise<void>((resolve) => {
    watch.signal.addEventListener("abort", () => resolve());
  });
  for (const line of ledger) watch.telemetry(line);
  await (until === "breach" ? said : watch.looked(1));
  record.close();
  return watch.breach;
}

test("I87: an abnormal close without a fault is beyond doubt, and named", async () => {
  expect(await watched(running().close(1, 5_000, { code: 1006 }), "breach")).toEqual({
    check: "close-codes",
    phase: "baseline",
    why: expect.stringContaining("1006"),
  });
}, 30_000);

test("a latency over its limit may still recover: it ends nothing", async () => {
  const slow = running().measureEach("delivery", 2_000, 9_000, 5_000, 500);
  // What makes it look at all: a close that is explained.
  expect(
    await watched(slow.close(1, 5_000, { code: 1000, by: "self" }).oddity(harmless), "looked"),
  ).toBeUndefined();
}, 30_000);

test("rule 6: a breach while the generator did not keep up is none", async () => {
  const late = running().measureEach("lateness", 0, 10_000, 900, 50);
  expect(await watched(late.close(1, 5_000, { code: 1006 }), "looked")).toBeUndefined();
}, 30_000);

/** Before what is judged. */
const harmless = {
  what: "inversion",
  atMs: 100,
  subscription: 0,
  publisher: 0,
  slot: 0,
  sequence: 1,
  after: 2,
} as const;
