import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTimeOf } from "./start-time.ts";
import { createSupervisor } from "./supervisor.ts";

const miniature = fileURLToPath(new URL("./fixtures/harness.ts", import.meta.url));

let runDir: string;
let logDir: string;
beforeEach(async () => {
  runDir = await mkdtemp(path.join(os.tmpdir(), "seaworthy-run-"));
  logDir = path.join(runDir, "logs");
  await mkdir(logDir);
});
afterEach(() => rm(runDir, { recursive: true, force: true }));

const spec = (name: string, script: string) => ({
  name,
  command: "sh",
  args: ["-c", script],
  logFile: path.join(logDir, `${name}.log`),
});

/** All of it must be over within this after the harness's death. */
const GONE_WITHIN_MS = 5_000;
const POLL_MS = 20;

/**
 * The deadline is time that we really had: a look that the machine kept waiting counts as three of its intervals at
 * most, since whoever it looks at was kept waiting as well.
 */
async function eventually(what: string, isSo: () => boolean, deadlineMs = GONE_WITHIN_MS): Promise<void> {
  for (let spentMs = 0; ; ) {
    const startMs = performance.now();
    if (isSo()) return;
    if (spentMs > deadlineMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await wait(POLL_MS);
    spentMs += Math.min(performance.now() - startMs, 3 * POLL_MS);
  }
}

/** `R` running, `S` sleeping …: the third field of /proc/<pid>/stat, behind the name in parentheses. */
function stateOf(pid: number): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
}

/** Every living process whose environment or command line mentions this run's folder. */
function tracesOf(text: string): readonly string[] {
  const files = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return files.filter((pid) => {
    try {
      if (startTimeOf(Number(pid)) === undefined || Number(pid) === process.pid) return false;
      return ["cmdline", "environ"].some((file) =>
        readFileSync(`/proc/${pid}/${file}`, "latin1").includes(text),
      );
    } catch {
      return false;
    }
  });
}

async function startMiniature(ending?: string): Promise<{
  harness: ChildProcess;
  folder: string;
  pids: readonly number[];
  mark: string;
  lines: AsyncIterator<string>;
}> {
  const harness = spawn(process.execPath, [miniature, logDir, ...(ending ? [ending] : [])], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: harness.stdout! })[Symbol.asyncIterator]();
  const { folder, pids } = JSON.parse((await lines.next()).value as string) as {
    folder: string;
    pids: number[];
  };
  return { harness, folder, pids, mark: markOf(pids[0] as number), lines };
}

function watchdogOf(harness: ChildProcess): number | undefined {
  return readFileSync(`/proc/${harness.pid}/task/${harness.pid}/children`, "utf8")
    .trim()
    .split(" ")
    .map(Number)
    .find((pid) => commandLineOf(pid).includes("watchdog.ts"));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // gone while we looked
  }
}

function markOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/environ`, "latin1");
    return /SEAWORTHY_SUPERVISOR=[\w-]+/.exec(text)?.[0] ?? "no mark";
  } catch {
    return "gone already";
  }
}

test("kill -9 of the harness leaves no process and no folder of it within 5 s", async () => {
  const { harness, folder, pids, mark } = await startMiniature();
  expect(existsSync(folder)).toBe(true);
  expect(tracesOf(mark).length).toBeGreaterThanOrEqual(5); // the escaped one is there too
  harness.kill("SIGKILL");
  await eventually(
    "the folder and all children gone, frozen, deaf and escaped ones too",
    () =>
      !existsSync(folder) &&
      pids.every((pid) => startTimeOf(pid) === undefined) &&
      tracesOf(mark).length === 0,
  );
  const log = readFileSync(path.join(logDir, "watchdog.log"), "utf8");
  expect(log).toContain("the harness died");
  expect(log).toMatch(/SIGKILL to deaf/);
});

test("a harness that exits without cleaning up is cleaned up after in the same way", async () => {
  const { folder, pids, mark } = await startMiniature("exit");
  await eventually(
    "all gone",
    () =>
      !existsSync(folder) &&
      pids.every((pid) => startTimeOf(pid) === undefined) &&
      tracesOf(mark).length === 0,
  );
});

test("a harness killed while its watchdog still boots leaves nothing either", async () => {
  const { folder, pids } = await startMiniature("early");
  await eventually(
    "all gone",
    () => !existsSync(folder) && pids.every((pid) => startTimeOf(pid) === undefined),
  );
});

test("Ctrl-C reaches only the harness: its children live until it stops them itself", async () => {
  const { harness, folder, pids, mark, lines } = await startMiniature();
  process.kill(-(harness.pid as number), "SIGINT"); // as a terminal does: to the whole foreground group
  expect((await lines.next()).value).toBe("disposed");
  const [code] = (await once(harness, "exit")) as [number | null];
  expect(code).toBe(0);
  expect(pids.filter((pid) => startTimeOf(pid) !== undefined)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
  expect(tracesOf(mark)).toEqual([]); // the escaped grandchild too, by the watchdog's last sweep
  expect(readFileSync(path.join(logDir, "watchdog.log"), "utf8")).not.toContain("the harness died");
});

test("disposing stops the polite, the deaf and the frozen, and removes the folders", async () => {
  const exits: string[] = [];
  const supervisor = await createSupervisor({ runDir, onExit: (child) => exits.push(child.name) });
  const folder = await supervisor.temporaryFolder("data");
  const children = await Promise.all([
    supervisor.spawn(spec("polite", "sleep 300")),
    supervisor.spawn({ ...spec("deaf", "trap '' TERM; while :; do sleep 1; done"), graceMs: 300 }),
    supervisor.spawn(spec("frozen", "kill -STOP $$; sleep 300")),
  ]);
  await supervisor[Symbol.asyncDispose]();
  for (const child of children) expect(startTimeOf(child.pid)).toBeUndefined();
  expect(exits.sort()).toEqual(["deaf", "frozen", "polite"]);
  expect(existsSync(folder)).toBe(false);
  await expect(supervisor.spawn(spec("late", "true"))).rejects.toThrow("disposed");
});

test("a child that dies at its start is known by its exit code and its last lines", async () => {
  await using supervisor = await createSupervisor();
  const child = await supervisor.spawn(spec("dying", "echo one; echo 'no such database' >&2; exit 3"));
  expect(await child.exit).toMatchObject({ code: 3, signal: null });
  expect(child.lastLines()).toEqual(["one", "no such database"]);
  await child.stop(); // stopping what is gone is fine
});

test("a program that is not there is SW_START_FAILED", async () => {
  await using supervisor = await createSupervisor();
  await expect(
    supervisor.spawn({
      name: "ghost",
      command: "/nowhere/ghost",
      args: [],
      logFile: path.join(logDir, "ghost.log"),
    }),
  ).rejects.toMatchObject({ code: "SW_START_FAILED", message: expect.stringContaining("ghost") });
});

test("a child sees PATH and its own settings, and nothing else of the caller's environment", async () => {
  process.env.SEAWORTHY_TEST_LEAK = "yes";
  await using supervisor = await createSupervisor();
  const child = await supervisor.spawn({ ...spec("env", "env"), env: { GIVEN: "1" } });
  await child.exit;
  delete process.env.SEAWORTHY_TEST_LEAK;
  const lines = readFileSync(path.join(logDir, "env.log"), "utf8");
  expect(lines).toMatch(/^PATH=/m);
  expect(lines).toContain("GIVEN=1");
  expect(lines).not.toContain("SEAWORTHY_TEST_LEAK");
});

test("a watchdog that does not leave is killed, and the harness ends as if nothing had been", async () => {
  const { harness, lines } = await startMiniature();
  process.kill(watchdogOf(harness) as number, "SIGSTOP");
  harness.kill("SIGINT");
  expect((await lines.next()).value).toBe("disposed");
  const code = harness.exitCode ?? (await once(harness, "exit"))[0];
  expect(code).toBe(0); // 13 where nothing kept it alive while it waited
});

test("a watchdog that is killed is replaced, and the new one knows everything", async () => {
  const { harness, folder, pids } = await startMiniature();
  const watchdog = watchdogOf(harness) as number;
  process.kill(watchdog, "SIGKILL");
  await eventually("another watchdog", () => ![undefined, watchdog].includes(watchdogOf(harness)));
  // What it must know is written in the same turn in which it is started; a harness that sleeps is past that.
  await eventually("the end of that turn", () => stateOf(harness.pid as number) === "S");
  harness.kill("SIGKILL");
  await eventually(
    "all gone",
    () => !existsSync(folder) && pids.every((pid) => startTimeOf(pid) === undefined),
  );
});
