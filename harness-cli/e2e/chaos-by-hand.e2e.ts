import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { roundTrip } from "../../chaos/round-trip.ts";
import type { UpState } from "../up-state.ts";
import { type CliProcess, eventually, jsonOf, type Sandbox, sandbox } from "./cli-process.ts";

// Starting the command alone may take half a minute on a machine whose cores are elsewhere.
vi.setConfig({ testTimeout: 300_000 });

/** A real `up`, and real faults injected into it from other processes. */
let box: Sandbox;
let up: CliProcess;
let state: UpState;

beforeAll(async () => {
  box = await sandbox();
  up = box.start("up", "--detach", "--json", "--instances", "2");
  expect(await up.ended, up.err()).toBe(0);
  state = JSON.parse(up.out()) as UpState;
});
afterAll(async () => {
  await box.run("down");
  await box[Symbol.asyncDispose]();
});

const upFolder = () => path.join(box.runs, "up");
const said = (run: CliProcess, pattern: RegExp) =>
  eventually(
    async () => run.out(),
    (out) => pattern.test(out) || run.child.exitCode !== null,
    90_000,
  ).then((out) => expect(out + run.err()).toMatch(pattern));

async function inTheUndoLog(): Promise<string[]> {
  const folder = path.join(upFolder(), "undo");
  return existsSync(folder) ? readdir(folder) : [];
}

function linkAnswers(name: string): Promise<number | undefined> {
  const [host, port] = (state.links.find((link) => link.name === name)?.listen ?? "").split(":");
  return roundTrip(
    { host: host as string, port: Number(port) },
    name.endsWith("/redis") ? "redis" : "http",
    10_000,
  );
}

const eventuallyAnswers = (name: string) =>
  eventually(
    () => linkAnswers(name),
    (ms) => ms !== undefined,
    90_000,
  );

interface Told {
  readonly target: string;
  readonly params: Record<string, unknown>;
  readonly injected: boolean;
  readonly observed: boolean;
  readonly healed: boolean;
  readonly atMs: Record<string, number>;
}

test("E1: --for undoes it by itself; --json tells what was seen, and when", { tags: "timed" }, async () => {
  const { exit, out, err } = await box.run(
    ...["chaos", "latency", "--target", "server-any/clients", "-p", "latencyMs=300", "--for", "4s", "--json"],
    ...["--seed", "5"],
  );
  expect(exit, err).toBe(0);
  const told = JSON.parse(out) as Told;
  expect(told).toMatchObject({ injected: true, observed: true, healed: true });
  expect(told.params).toMatchObject({ latencyMs: 300, jitterMs: 0 });
  expect(Object.keys(told.atMs)).toEqual(["injecting", "injected", "observed", "healing", "healed"]);
  expect(told.atMs.healing).toBeGreaterThanOrEqual(3_999);
  expect(await inTheUndoLog()).toEqual([]);
  const again = await box.run(
    "chaos",
    "latency",
    "--target",
    "server-any/clients",
    "--for",
    "1s",
    "--json",
    "--seed",
    "5",
  );
  expect((JSON.parse(again.out) as Told).target).toBe(told.target);
});

test("E13: Enter undoes it; meanwhile the undo log names it and the instance is really gone", async () => {
  const run = box.start("chaos", "kill", "--target", "server-2");
  await said(run, /effect seen after \d+ ms/);
  expect(run.out()).toContain("in force; Enter or Ctrl-C undoes it");
  expect(await inTheUndoLog()).toHaveLength(1);
  expect(await linkAnswers("server-2/clients")).toBeUndefined();
  run.child.stdin?.write("\n");
  expect(await run.ended, run.err()).toBe(0);
  expect(run.out()).toMatch(/gone again after \d+ ms/);
  expect(await linkAnswers("server-2/clients")).toBeDefined();
  expect(await inTheUndoLog()).toEqual([]);
});

test("E23: Ctrl-C undoes it too, which is how it is meant to end: exit 0", async () => {
  const run = box.start("chaos", "cut", "--target", "server-1/redis");
  await said(run, /effect seen/);
  expect(await linkAnswers("server-1/redis")).toBeUndefined();
  run.child.kill("SIGINT");
  expect(await run.ended, run.err()).toBe(0);
  expect(await linkAnswers("server-1/redis")).toBeDefined();
});

test("rule 7: kill -9 of the command leaves nothing in force: the system undoes what it was asked for", async () => {
  const run = box.start("chaos", "cut", "--target", "server-1/clients");
  await said(run, /effect seen/);
  run.child.kill("SIGKILL");
  await run.ended;
  expect(await eventuallyAnswers("server-1/clients")).toBeDefined();
  expect(await eventually(inTheUndoLog, (left) => left.length === 0, 90_000)).toEqual([]);
});

test("the same fault on the same target twice: the second is refused, exit 4, the first stays", async () => {
  const first = box.start("chaos", "cut", "--target", "server-2/redis");
  await said(first, /effect seen/);
  const second = await box.run("chaos", "cut", "--target", "server-2/redis", "--for", "1s");
  expect([second.exit, second.err]).toEqual([4, expect.stringContaining("SW_FAULT_FAILED")]);
  expect(await linkAnswers("server-2/redis")).toBeUndefined();
  first.child.stdin?.write("\n");
  expect(await first.ended).toBe(0);
});

test("a fault of the user's own without effect: exit 3, and it is undone all the same", async () => {
  const { exit, out } = await box.run(
    ...["chaos", "command", "--target", "nothing", "--for", "1s"],
    ...["-p", "inject=true", "-p", "observe=false", "-p", "undo=true"],
  );
  expect([exit, out]).toEqual([3, expect.stringMatching(/NO EFFECT SEEN[\s\S]*gone again/)]);
});

test("what cannot work is said before anything is asked of the system", async () => {
  const wrong = await box.run("chaos", "latncy", "--target", "server-1/redis");
  expect([wrong.exit, wrong.err]).toEqual([2, expect.stringContaining('did you mean "latency"?')]);
  const target = await box.run("chaos", "kill", "--target", "server-3");
  expect([target.exit, target.err]).toEqual([2, expect.stringContaining('no process is called "server-3"')]);
  const param = await box.run("chaos", "latency", "--target", "server-1/redis", "-p", "latencyMs=0");
  expect([param.exit, param.err]).toEqual([2, expect.stringContaining("out of range")]);
  const many = await box.run("chaos", "kill", "--target", "server-all");
  expect([many.exit, many.err]).toEqual([2, expect.stringContaining("more than one target")]);
  const none = await box.run("chaos", "kill", "--target", "server-1", "--out", "elsewhere");
  expect([none.exit, none.err]).toEqual([4, expect.stringContaining("SW_NOT_RUNNING")]);
});

test("`down` with a fault in force: it is undone, whoever holds it hears of it, and nothing is left", async () => {
  const run = box.start("chaos", "kill", "--target", "server-1");
  await said(run, /effect seen/);
  expect((await box.run("down")).exit).toBe(0);
  expect(await run.ended, run.err()).toBe(0);
  expect(run.out()).toContain("gone again");
  expect(await inTheUndoLog()).toEqual([]);
  expect(existsSync(path.join(upFolder(), "state.json"))).toBe(false);
  const left = await eventually(
    () => up.marked(),
    (processes) => processes.length === 0,
    20_000,
  );
  expect(left).toEqual([]);
  await expect(jsonOf(path.join(upFolder(), "state.json"))).rejects.toThrow();
});
