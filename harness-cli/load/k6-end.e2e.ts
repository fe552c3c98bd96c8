import { execFile } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import ramp from "../../scenarios/ramp.ts";
import { findTools } from "../provision/tools.ts";
import {
  clientsOf,
  expectRoomsOnly,
  missed,
  plannedSlots,
  received,
} from "./fixtures/accounts.test-support.ts";
import {
  connections,
  endpoint,
  flushes,
  LONG,
  runFolders,
  SHORT,
  startLoad,
  startStompServer,
  total,
} from "./fixtures/load-run.test-support.ts";

const { folder, runDir } = runFolders();

/** Ten times what it takes on a machine of one's own. */
const ENDS_WITHIN_MS = 60_000;

test("k6 is gone soon after the end though its server is frozen, and the record is whole", async () => {
  await using server = await startStompServer();
  await using run = await startLoad(runDir(), {
    params: { ...LONG, clients: 10 },
    endpoints: [endpoint(server.port)],
  });
  await run.until(
    "all there, and deliveries",
    (lines) => connections(lines, "subscribed").length === 10 && total(lines, "deliveries") > 0,
  );
  process.kill(server.pid, "SIGSTOP");
  const stoppedMs = Date.now();
  run.load.stop(100);
  expect((await run.load.finished).how).toBe("bye");
  expect(Date.now() - stoppedMs).toBeLessThan(ENDS_WITHIN_MS);
  expect(run.lines.at(-1)).toMatchObject({ type: "bye", abandoned: 10 });
  expect(connections(run.lines, "closed").map(({ code, by, reason }) => `${code} ${by} ${reason}`)).toEqual(
    new Array(10).fill("null self no answer to DISCONNECT within 5 s"),
  );
});

test("a handshake that is never answered neither blocks the others nor keeps k6 alive", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  await using server = await startStompServer();
  const { port } = silent.address() as { port: number };
  await using run = await startLoad(runDir(), {
    params: { ...LONG, clients: 20 },
    endpoints: [endpoint(server.port), endpoint(port)],
  });
  await run.until(
    "half of them there, and deliveries",
    (lines) => connections(lines, "subscribed").length >= 10 && total(lines, "deliveries") > 0,
  );
  const stoppedMs = Date.now();
  run.load.stop(100);
  const end = await run.load.finished;
  silent.close();
  expect(end.how).toBe("bye");
  expect(Date.now() - stoppedMs).toBeLessThan(ENDS_WITHIN_MS);
  const even = connections(run.lines, "closed").filter(({ client }) => client % 2 === 0);
  expect(even.map(({ code }) => code)).toEqual(new Array(10).fill(1000));
  const failed = connections(run.lines, "failed");
  expect([...clientsOf(failed)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 10 }, (_, i) => 2 * i + 1),
  );
  // The second, and a try at the server that answers, only where all of the above took more than 10 s.
  for (const { reason } of failed) {
    expect(["the run ended", "no answer to the WebSocket handshake within 10 s"]).toContain(reason);
  }
});

test("stop: nobody publishes any more, what is in flight arrives, all leave in order, k6 ends itself", async () => {
  await using server = await startStompServer();
  await using run = await startLoad(runDir(), { params: LONG, endpoints: [endpoint(server.port)] });
  await run.until(
    "all there, and deliveries",
    (lines) => connections(lines, "subscribed").length === 30 && total(lines, "deliveries") > 0,
  );
  const stoppedMs = Date.now();
  run.load.stop(300);
  expect(await run.load.finished).toMatchObject({ how: "bye", code: 0 });
  expect(Date.now() - stoppedMs).toBeLessThan(ENDS_WITHIN_MS);
  const told = await server.tell();
  expect(told.disconnects).toBe(30);
  expect(received(run).length).toBe(told.deliveries);
  expectRoomsOnly(run, stoppedMs - run.startEpochMs + 300);
  // Slots that were to come after it are nobody's miss: it was between the order and the end.
  const taken = told.sends + missed(run.lines);
  const plannedBy = (atMs: number) =>
    [...plannedSlots(run)].filter((slot) => Number(slot.split("@")[1]) < atMs).length;
  expect(taken).toBeGreaterThanOrEqual(plannedBy(stoppedMs - run.startEpochMs));
  expect(taken).toBeLessThanOrEqual(plannedBy((run.lines.at(-1) as { atMs: number }).atMs));
});

test("SW_LOAD_FAILED: k6 that cannot read its scenario is reported with its own words", async () => {
  const dir = runDir();
  const file = path.join(folder(), "broken.ts");
  await writeFile(file, "throw new Error('planted in the scenario');\nexport default {};\n");
  await using run = await startLoad(dir, {
    scenario: { name: file, like: ramp },
    endpoints: ["ws://127.0.0.1:9/ws"],
    held: true,
  });
  await expect(run.load.ready).rejects.toMatchObject({
    code: "SW_LOAD_FAILED",
    message: expect.stringContaining("planted in the scenario"),
  });
  expect((await run.load.finished).how).toBe("died");
});

test("k6 killed in the middle is told as died, and what it had reported is there", async () => {
  await using server = await startStompServer();
  await using run = await startLoad(runDir(), {
    params: LONG,
    endpoints: [endpoint(server.port)],
  });
  await run.until("deliveries", (lines) => total(lines, "deliveries") > 0);
  process.kill(run.load.pids.k6!, "SIGKILL");
  expect(await run.load.finished).toMatchObject({ how: "died", code: null });
  expect(run.events.at(-1)).toBe("lost: exit SIGKILL");
  expect(total(run.lines, "deliveries")).toBeGreaterThan(0);
});

test("a scenario that throws ends its own client and nobody else", async () => {
  await using server = await startStompServer();
  const file = path.join(folder(), "throws.ts");
  const from = path.join(import.meta.dirname, "../../scenarios/ramp.ts");
  await writeFile(
    file,
    `import ramp from ${JSON.stringify(from)};
export default {
  ...ramp,
  roles(params) {
    const { chatter } = ramp.roles(params);
    return {
      chatter: {
        ...chatter,
        async session(stomp) {
          if (stomp.client.number === 3) throw new Error("planted");
          // Thrown inside the engine's timer, when the text is made.
          if (stomp.client.number === 4) {
            const bad = { valueOf() { throw new Error("planted"); } };
            await stomp.connect();
            await stomp.publish({ destination: "/app/x", everyMs: 100, bytes: bad, receipt: true });
            return;
          }
          await chatter.session(stomp);
        },
      },
    };
  },
};
`,
  );
  await using run = await startLoad(runDir(), {
    scenario: { name: file, like: ramp },
    params: { ...LONG, clients: 10 },
    endpoints: [endpoint(server.port)],
  });
  const errors = () => run.lines.filter((line) => line.type === "error");
  const senders = () =>
    new Set(flushes(run.lines).flatMap((flush) => flush.sends.map(([publisher]) => publisher)));
  await run.until("both errors and everybody else", () => errors().length >= 2 && senders().size >= 8);
  run.load.stop(0);
  expect(await run.load.finished).toMatchObject({ how: "bye", code: 0 });
  expect(
    errors()
      .map(({ where }) => where)
      .sort(),
  ).toEqual(["agenda", "session of user-3"]);
  expect([...senders()].sort()).toEqual([0, 1, 2, 5, 6, 7, 8, 9]);
  expect(connections(run.lines, "closed").map(({ code }) => code)).toEqual(new Array(9).fill(1000));
});

test("a handler that throws costs its own message and no socket", async () => {
  await using server = await startStompServer({ beatMs: 50 });
  const script = path.join(folder(), "guard.ts");
  const k6 = path.join(import.meta.dirname, "../../scenarios/k6");
  await writeFile(
    script,
    `import { Clock } from ${JSON.stringify(`${k6}/clock.ts`)};
import { dialler } from ${JSON.stringify(`${k6}/dial.ts`)};
import { guardedBy } from ${JSON.stringify(`${k6}/../model/guard.ts`)};
export const options = { scenarios: { x: { executor: "per-vu-iterations", vus: 1, iterations: 1 } } };
export default function () {
  const errors = [];
  const guard = guardedBy((where, error) => errors.push(where + ": " + error.message));
  const clock = new Clock();
  clock.go(clock.epochMs());
  const beats = [0, 0];
  const closes = [];
  const dial = dialler(undefined, { clock, guard });
  const wires = beats.map((_, i) =>
    dial("${endpoint(server.port)}", {
      opened() {},
      text() {
        beats[i] += 1;
        if (beats[i] > 3) wires[i].close(1000, "");
        if (i === 0) throw new Error("planted");
      },
      closed(code) {
        closes.push(code);
        if (closes.length === 2) console.log(JSON.stringify({ beats, errors, closes }));
      },
    }),
  );
}
`,
  );
  const { k6: tool } = await findTools();
  const args = [
    "run",
    "--quiet",
    "--no-usage-report",
    "--no-color",
    "--summary-mode=disabled",
    "--log-format=raw",
  ];
  const { stderr } = await promisify(execFile)(tool.path, [...args, script]);
  const said = JSON.parse(stderr.trim()) as { beats: number[]; errors: string[]; closes: number[] };
  // Four, and those that were on their way when it closed.
  for (const beats of said.beats) expect(beats).toBeGreaterThanOrEqual(4);
  expect(said.errors).toEqual(new Array(said.beats[0]).fill("message: planted"));
  expect(said.closes).toEqual([1000, 1000]);
});

test("k6-entry.ts runs alone with plain k6 and says what happened", async () => {
  await using server = await startStompServer();
  const dir = runDir();
  {
    // Only for its file: this load is never told to go.
    await using run = await startLoad(dir, {
      params: SHORT,
      endpoints: ["ws://127.0.0.1:9/ws"],
      held: true,
    });
    await run.load.ready;
  }
  const { k6 } = await findTools();
  const { stderr } = await promisify(execFile)(
    k6.path,
    ["run", "--quiet", "--no-usage-report", "--no-color", "--log-format=raw", "k6-entry.ts"],
    { cwd: dir, env: { SEAWORTHY_ENDPOINTS: endpoint(server.port) } },
  );
  const told = await server.tell();
  expect(told.sends).toBeGreaterThan(0);
  expect(stderr).toContain(`sent ${told.sends}: ${told.receipts} confirmed, 0 rejected, 0 unknown`);
  expect(stderr).toContain(`delivered ${told.deliveries}, 0 odd, 0 ERROR frames`);
  expect(stderr).toContain("30 clients, no harness: nothing is judged");
  expect(stderr).toMatch(/^\d+ s {2}\d+ of \d+ subscribed {2}\d+ sent {2}\d+ delivered {2}p99 /m);
  expect(stderr).toContain("ends of connections: 30 × 1000 self; abandoned: 0");
  // Credentials are in it.
  expect((await stat(path.join(dir, "k6-entry.ts"))).mode & 0o077).toBe(0);
});
