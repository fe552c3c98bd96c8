import path from "node:path";
import { expect, test } from "vitest";
import { readRecord } from "../../reports/record/reader.ts";
import type { ConnectionEvent, Telemetry } from "../../scenarios/model/telemetry.ts";
import { jsonOf, linesOf, onlyRun, sandbox } from "./cli-process.ts";

interface Verdict {
  readonly overall: string;
  readonly ended: { readonly how: string };
  readonly checks: readonly { readonly name: string; readonly status: string; readonly measured?: number }[];
}

test("C11, A65, A66, E10: three slow readers on the native engine are evicted with 1013 and come back; nobody on k6 is harmed", {
  tags: "timed",
}, async () => {
  await using box = await sandbox();
  const { exit } = await box.run("run", "slow-reader", "--seed", "5");
  const dir = await onlyRun(box.runs);
  const verdict = await jsonOf<Verdict>(path.join(dir, "verdict.json"));
  expect(verdict.ended.how).toBe("completed");
  // A machine that is held up makes the run unknown (3), never red.
  expect(verdict.checks.filter(({ status }) => status === "breached")).toEqual([]);
  expect(exit).toBe(verdict.overall === "met" ? 0 : 3);

  const ledger = await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"));
  const hellos = ledger.filter((line) => line.type === "hello");
  expect(hellos.map(({ engine, vu, clients }) => `${engine} ${vu} ${clients}`).sort()).toEqual([
    "k6 1 40",
    "native 2 4",
    "native 3 1",
    "native 4 1",
    "native 5 1",
    "native 6 3",
  ]);
  // Too few bytes were pushed, or too late, if the load was not made as planned.
  const fit = verdict.checks.find(({ name }) => name === "generator-valid")?.status === "met";
  if (!fit) return;

  const flushes = ledger.filter((line) => line.type === "flush");
  const events = flushes.flatMap(({ connections }) => connections);
  const slow = [44, 45, 46];
  const closedWith1013 = events
    .filter((event): event is Extract<ConnectionEvent, { what: "closed" }> => event.what === "closed")
    .filter(({ code }) => code === 1013);
  expect(closedWith1013.map(({ client, attempt, by }) => `${client}/${attempt} ${by}`).sort()).toEqual(
    slow.map((client) => `${client}/0 peer`),
  );
  const back = events.filter((event) => event.what === "connected" && event.attempt === 1);
  expect(back.map(({ client }) => client).sort()).toEqual(slow);

  // What kernels and proxies held for each of them: megabytes, and less than was pushed at them (E64).
  const held = flushes.flatMap(({ counts }) => counts.bytesHeld ?? []);
  const inAll = held.reduce((sum, bytes) => sum + bytes, 0);
  expect(inAll).toBeGreaterThan(3 * 200_000);
  expect(inAll).toBeLessThan(3 * 15_000_000);

  // The servers say the same, each of its own one.
  const { samples } = await readRecord(dir);
  expect(samples.servers.length).toBeGreaterThan(10);
  const evictions = new Map<string, number>();
  for (const { server, series } of samples.servers) {
    for (const [name, value] of Object.entries(series)) {
      if (name.startsWith("websocket_evictions_total")) evictions.set(`${server} ${name}`, value);
    }
  }
  expect([...evictions.values()].reduce((sum, count) => sum + count, 0)).toBe(3);
});
