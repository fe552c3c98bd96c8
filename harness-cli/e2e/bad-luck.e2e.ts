import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../reports/record/history.ts";
import { type CliProcess, eventually, jsonOf, linesOf, onlyRun, sandbox } from "./cli-process.ts";

interface VerdictFile {
  readonly overall: string;
  readonly ended: { readonly how: string; readonly code?: string; readonly by?: string };
  readonly checks: readonly { readonly samples: number }[];
}

const LONG = ["run", "ramp", "-p", "clients=12", "-p", "roomSize=4", "-p", "rampMs=0", "-p", "holdMs=100s"];
/** Where the number of instances is of no account: less to start, and to stop. */
const ALONE = ["--instances", "1"];

/** Publishing has begun and been recorded. */
const underLoad = (run: CliProcess) => run.printed(/\b[1-9]\d* delivered\/s/);

async function nothingLeft(run: CliProcess, withinMs: number): Promise<void> {
  const left = await eventually(
    async () => ({ processes: await run.marked(), files: await run.temporary() }),
    ({ processes, files }) => processes.length === 0 && files.length === 0,
    withinMs,
  );
  expect(left).toEqual({ processes: [], files: [] });
}

describe("whatever happens, nothing is left behind and nothing recorded is lost", () => {
  test("kill -9 of the harness: within 5 s nothing is left, and the torn run can be judged", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG, "--fault", "latency@2s..90s:server-1/clients");
    await underLoad(run);
    expect((await run.marked()).length).toBeGreaterThan(6);
    run.child.kill("SIGKILL");
    expect(await run.ended).toBe("SIGKILL");
    await nothingLeft(run, 5_000);

    const dir = await onlyRun(box.runs);
    const judged = await box.run("judge", dir, "--json");
    expect(judged.exit).toBe(4);
    const verdict = JSON.parse(judged.out) as VerdictFile;
    expect(verdict.ended.how).toBe("torn");
    expect(verdict.checks.some((check) => check.samples > 0)).toBe(true);
    expect(existsSync(path.join(dir, "report.html"))).toBe(true);
  });

  test("Ctrl-C once: ends cleanly, judges what there is, exit 130", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG, ...ALONE, "--fault", "latency@1s..90s:server-1/clients");
    await underLoad(run);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    await nothingLeft(run, 0);
    const dir = await onlyRun(box.runs);
    expect((await jsonOf<VerdictFile>(path.join(dir, "verdict.json"))).ended).toEqual({
      how: "interrupted",
      by: "SIGINT",
    });
    const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
    expect(history.filter((event) => event.kind === "fault").at(-1)?.step).toBe("healed");
  });

  test("Ctrl-C twice: leaves at once, exit 130, and still nothing is left", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG, ...ALONE);
    await underLoad(run);
    run.child.kill("SIGINT");
    await run.printed(/SIGINT: ending the run/);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    await nothingLeft(run, 5_000);
  });

  test("Ctrl-C during the bring-up", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG, ...ALONE);
    await run.printed(/run .*: ramp/);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    await nothingLeft(run, 0);
  });

  test("k6 dying in the middle: SW_LOAD_FAILED, exit 4, and what was recorded is judged", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG, ...ALONE);
    await underLoad(run);
    const k6 = (await run.marked()).find(({ command }) => /k6\S* run /.test(command));
    process.kill(k6?.pid as number, "SIGKILL");
    expect(await run.ended).toBe(4);
    expect(run.out()).toContain("SW_LOAD_FAILED");
    await nothingLeft(run, 0);
    const verdict = await jsonOf<VerdictFile>(path.join(await onlyRun(box.runs), "verdict.json"));
    expect(verdict.ended).toMatchObject({ how: "failed", code: "SW_LOAD_FAILED" });
    expect(verdict.checks.some((check) => check.samples > 0)).toBe(true);
  });

  test("an instance dying without being asked to: SW_TARGET_FAILED, exit 4", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG, "--instances", "2");
    await underLoad(run);
    const history = await linesOf<HistoryEvent>(path.join(await onlyRun(box.runs), "history.jsonl"));
    const started = history.find(
      (event) => event.kind === "process" && event.name === "server-2" && event.pid !== undefined,
    );
    process.kill((started as { pid: number }).pid, "SIGKILL");
    expect(await run.ended).toBe(4);
    expect(run.out()).toContain("SW_TARGET_FAILED");
    await nothingLeft(run, 0);
  });

  test("a full disk: SW_DISK_FULL, exit 4, the record up to then is kept and nothing is left running", async () => {
    // A file system of 1.5 MB, one of which is kept back for the end, in a mount namespace of its own.
    const folder = "runs";
    await using box = await sandbox([
      "unshare",
      ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
      "--mount",
      "sh",
      "-c",
      `mkdir -p ${folder} && mount -t tmpfs -o size=1500k tmpfs ${folder} && exec "$0" "$@"`,
    ]);
    const run = box.start(...LONG, ...ALONE, "-p", "clients=60", "-p", "publishEveryMs=100");
    expect(await run.ended).toBe(4);
    expect(run.out() + run.err()).toContain("SW_DISK_FULL");
    await nothingLeft(run, 0);
  });
});

describe.concurrent("what cannot work is said in one message", () => {
  test("a folder that cannot be written: SW_NOT_WRITABLE, exit 4", async () => {
    await using box = await sandbox();
    const { exit, err } = await box.run("run", "ramp", "--out", "/dev/null/runs");
    expect([exit, err.match(/^SW_\w+/gm)]).toEqual([4, ["SW_NOT_WRITABLE"]]);
  });

  test("somebody else's system that does not answer: SW_START_FAILED, exit 4", async () => {
    await using box = await sandbox();
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    server.close();
    const { exit, out } = await box.run("run", "ramp", "--url", `ws://127.0.0.1:${port}/ws`);
    expect([exit, out.replace(/\s+/g, " ")]).toEqual([
      4,
      expect.stringMatching(/SW_START_FAILED: no WebSocket at .* Hint: check the address/),
    ]);
  });

  test("a system off this machine that nobody allowed: SW_NOT_ALLOWED, exit 2", async () => {
    await using box = await sandbox();
    const { exit, err } = await box.run("run", "ramp", "--url", "ws://example.invalid/ws");
    expect([exit, err]).toEqual([2, expect.stringContaining("SW_NOT_ALLOWED")]);
    expect(existsSync(box.runs)).toBe(false);
  });
});

test("up, a look at it, down: nothing is left, and down says so when nothing is up", async () => {
  await using box = await sandbox();
  await mkdir(box.runs, { recursive: true });
  const up = box.start("up", "--detach", "--json");
  expect(await up.ended).toBe(0);
  const state = JSON.parse(up.out()) as { endpoints: string[]; metrics: { metricsUrl: string }[] };
  expect(state.endpoints).toHaveLength(3);
  for (const { metricsUrl } of state.metrics) {
    expect(await (await fetch(metricsUrl)).text()).toContain("websocket_connections_active");
  }
  expect((await box.run("up")).err).toContain("SW_ALREADY_RUNNING");
  expect(await box.run("down")).toMatchObject({ exit: 0, out: "down\n" });
  await nothingLeft(up, 0);
  expect(await box.run("down")).toMatchObject({ exit: 4, err: expect.stringContaining("SW_NOT_RUNNING") });
});
