import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Fault } from "../../chaos/fault.ts";
import cut from "../../chaos/faults/cut.ts";
import kill from "../../chaos/faults/kill.ts";
import latency from "../../chaos/faults/latency.ts";
import terminate from "../../chaos/faults/terminate.ts";
import { conduct, type FaultEvent, type FaultWindow, type Stage } from "../../chaos/timeline.ts";
import type { Link, Port, Process } from "../../chaos/topology.ts";
import { toxiproxyLink } from "../../chaos/toxiproxy.ts";
import { findTools } from "../provision/tools.ts";
import { smallPlan } from "./fixtures/small-plan.ts";
import type { ProcessNews } from "./process-port.ts";
import { bringUpProcesses } from "./processes.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import type { RunningTarget } from "./target.ts";

// Real Toxiproxy, Redis and Postgres; two small servers stand in for the reference server, which has its own tests.
const tinyServer = fileURLToPath(new URL("./fixtures/tiny-server.mjs", import.meta.url));

let runDir: string;
let supervisor: Supervisor;
let target: RunningTarget;
let news: ProcessNews[] = [];

beforeAll(async () => {
  runDir = await mkdtemp(path.join(os.tmpdir(), "seaworthy-run-"));
  supervisor = await createSupervisor({ runDir });
  target = await bringUpProcesses({
    plan: smallPlan({ instances: 2 }),
    tools: await findTools(),
    runDir,
    supervisor,
    signal: new AbortController().signal,
    onEvent: (event) => void news.push(event),
    serverProgram: tinyServer,
  });
});
afterAll(async () => {
  await target?.[Symbol.asyncDispose]();
  await supervisor?.[Symbol.asyncDispose]();
  await rm(runDir, { recursive: true, force: true });
});
beforeEach(() => {
  news = [];
});

/** Of one process: a slow start of another may still be told from the test before. */
const newsOf = (name: string) => news.filter((event) => event.name === name);
const link = (name: string) => target.topology.links.find((each) => each.name === name) as Link;
const processNamed = (name: string) =>
  target.topology.processes.find((each) => each.name === name) as Process;

async function soon(what: string, ask: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 60_000;
  while (!(await ask())) {
    if (performance.now() > untilMs) throw new Error(`not within a minute: ${what}`);
    await wait(25);
  }
}

/** For an answer that must come, however busy the machine is. */
const PATIENT_MS = 20_000;

/** Injects, sees the effect, lets `during` look, undoes, sees it gone: the life of a window without its clock. */
async function through(
  fault: Fault,
  port: Port,
  params: Fault["params"],
  during: () => Promise<void>,
): Promise<void> {
  const given = { ...fault.params, ...params };
  const undo = await fault.inject(port as never, given);
  try {
    await soon(`${fault.name} observed`, () => fault.observed(port as never, given));
    await during();
  } finally {
    await undo[Symbol.asyncDispose]();
  }
  await soon(`${fault.name} healed`, () => fault.healed(port as never, given));
}

test.each(["server-1/clients", "server-1/redis", "server-1/postgres"])(
  "E1, E2, E18, E27: latency on %s slows both directions of this link only, and is gone after healing",
  async (name) => {
    await through(latency, link(name), { latencyMs: 150 }, async () => {
      expect(await link(name).roundTripMs(PATIENT_MS)).toBeGreaterThanOrEqual(300);
      // Any single answer may come late; one that is quicker shows that nothing holds it back.
      const other = link(name.replace("server-1", "server-2"));
      await soon("a quick answer on the other link", async () => {
        return ((await other.roundTripMs(PATIENT_MS)) ?? Number.POSITIVE_INFINITY) < 300;
      });
      expect(await link(name).toxics()).toHaveLength(2);
    });
    expect(await link(name).toxics()).toEqual([]);
  },
);

test("E1: latency downstream only delays the answers", async () => {
  await through(latency, link("server-1/clients"), { latencyMs: 200, stream: "downstream" }, async () => {
    expect(await link("server-1/clients").toxics()).toHaveLength(1);
  });
});

test("E1: two latencies on one link add up, and each heals by itself", async () => {
  const port = link("server-2/clients");
  const small = { latencyMs: 100, jitterMs: 0, stream: "both" };
  const large = { latencyMs: 200, jitterMs: 0, stream: "both" };
  const undoSmall = await latency.inject(port, small);
  const undoLarge = await latency.inject(port, large);
  await soon("both observed", () => latency.observed(port, large));
  expect(await port.roundTripMs(PATIENT_MS)).toBeGreaterThanOrEqual(600);
  expect(await latency.healed(port, large)).toBe(false); // as after an undo that failed
  await undoLarge[Symbol.asyncDispose]();
  await soon("the large one healed", () => latency.healed(port, large));
  await soon("the small one still observed", () => latency.observed(port, small));
  expect(await latency.healed(port, small)).toBe(false);
  await undoSmall[Symbol.asyncDispose]();
  await undoSmall[Symbol.asyncDispose](); // an undo may run twice
  await soon("the small one healed", () => latency.healed(port, small));
});

test("E6: a cut ends open connections, refuses new ones, and leaves the other links alone", async () => {
  const { listen } = link("server-1/clients");
  const socket = net.connect(Number(listen.split(":")[1]), "127.0.0.1");
  await once(socket, "connect");
  const closed = once(
    socket.on("error", () => {}),
    "close",
  );
  await through(cut, link("server-1/clients"), {}, async () => {
    await closed;
    expect(await link("server-1/clients").roundTripMs(500)).toBeUndefined();
    expect(await link("server-2/clients").roundTripMs(PATIENT_MS)).toBeDefined();
  });
});

test("E17, E23: one server cut from Redis is not ready while the others are", async () => {
  await through(cut, link("server-1/redis"), {}, async () => {
    await soon("server-1 not ready", async () => !(await processNamed("server-1").ready(1_000)));
    await soon("server-2 ready", () => processNamed("server-2").ready(1_000));
    expect(await link("server-2/redis").roundTripMs(PATIENT_MS)).toBeDefined();
  });
  await soon("server-1 ready again", () => processNamed("server-1").ready(1_000));
});

test("E13: kill ends the process at once, expected, and starts it again at the same address", async () => {
  const server = processNamed("server-2");
  const before = server.pid();
  const { metricsUrl } = target.servers[1] as { metricsUrl: string };
  await through(kill, server, {}, async () => {
    expect(server.pid()).toBeUndefined();
    expect(target.pids()["server-2"]).toBeUndefined();
    expect(await link("server-2/clients").roundTripMs(500)).toBeUndefined();
  });
  expect(server.pid()).not.toBe(before);
  expect((await fetch(metricsUrl)).status).toBe(200);
  await soon("the news of it", async () => newsOf("server-2").some((event) => event.what === "ready"));
  expect(newsOf("server-2").map(({ what, signal, expected }) => ({ what, signal, expected }))).toEqual([
    { what: "exited", signal: "SIGKILL", expected: true },
    { what: "started" },
    { what: "ready" },
  ]);
});

test("E13: a killed Postgres comes back with every committed row, under whatever id it was stored", async () => {
  const store = target.topology.stores.find((each) => each.engine === "postgres");
  const ask = async (sql: string) => {
    const client = new pg.Client({ connectionString: store?.url as string });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  await ask("CREATE TABLE chat_messages (client_message_id text, content text)");
  await ask("INSERT INTO chat_messages SELECT 'abc123-4-' || n, 'hello' FROM generate_series(0, 499) AS n");
  await ask(
    "INSERT INTO chat_messages VALUES ('abc123-4-7', ''), ('abc124-4-7', ''), ('abc1234-4-8', ''), ('own', 'hello')",
  );
  await ask(
    "INSERT INTO chat_messages SELECT 'own-' || n, 'sw1/abc123/5/' || n || '/12.5/xxx' FROM generate_series(0, 9) AS n",
  );
  await ask(
    "INSERT INTO chat_messages VALUES ('own', 'sw1/abc1234/6/1/12.5/'), ('own', 'see sw1/abc123/6/1/12.5/')",
  );
  await through(kill, processNamed("postgres"), {}, async () => {
    await soon("the servers notice", async () => !(await processNamed("server-1").ready(1_000)));
  });
  await soon("the servers are ready again", () => processNamed("server-1").ready(1_000));
  expect(await target.audit?.("abc123")).toEqual({
    source: "postgres",
    stored: [
      [4, 0, 499],
      [5, 0, 9],
    ],
    rows: 511,
  });
});

test("E13, E20: a killed Redis comes back, empty", async () => {
  await through(kill, processNamed("redis"), {}, async () => {
    expect(await link("server-1/redis").roundTripMs(500)).toBeUndefined();
  });
  expect(await link("server-1/redis").roundTripMs(PATIENT_MS)).toBeDefined();
});

test("E13: a killed Toxiproxy comes back with all its links at the same addresses", async () => {
  await through(kill, processNamed("toxiproxy"), {}, async () => {
    expect(await link("server-1/clients").roundTripMs(500)).toBeUndefined();
  });
  for (const each of target.topology.links) expect(await each.roundTripMs(PATIENT_MS)).toBeDefined();
});

test("E12: a planned stop lets the process drain and leave by itself, then starts it again", async () => {
  await through(terminate, processNamed("server-1"), {}, async () => {
    await soon("server-2 ready", () => processNamed("server-2").ready(1_000));
  });
  expect(newsOf("server-1").find((event) => event.what === "exited")).toMatchObject({
    code: 0,
    signal: null,
    expected: true,
  });
  await soon("server-1 ready again", () => processNamed("server-1").ready(1_000));
});

test("E12, B27: a planned stop kills whoever drains longer than the grace", async () => {
  process.kill(processNamed("server-1").pid() as number, "SIGSTOP"); // it never drains, however long that takes
  await through(terminate, processNamed("server-1"), { graceMs: 100 }, async () => {});
  await soon("the news of it", async () => newsOf("server-1").some((event) => event.what === "ready"));
  expect(newsOf("server-1").find((event) => event.what === "exited")).toMatchObject({
    signal: "SIGKILL",
    expected: true,
  });
});

test("E67: a process that dies by itself is news that nobody expected, with its last lines", async () => {
  process.kill(processNamed("server-2").pid() as number, "SIGKILL"); // behind the harness's back
  await soon("the news of it", async () => newsOf("server-2").length > 0);
  const [died] = newsOf("server-2");
  expect(died).toMatchObject({ what: "exited", signal: "SIGKILL", expected: false });
  expect(died?.lastLines?.at(-1)).toMatch(/server-2 listens on/);
  await processNamed("server-2").start();
  await soon("server-2 ready again", () => processNamed("server-2").ready(1_000));
});

test("E63: a Toxiproxy that does not answer costs its deadline and nothing more", async () => {
  const silent = net.createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = `127.0.0.1:${(silent.address() as net.AddressInfo).port}`;
  const stuck = toxiproxyLink({
    apiUrl: `http://${address}`,
    name: "server-1/clients",
    listen: address,
    upstream: address,
    probe: "http",
    apiDeadlineMs: 300,
  });
  const startMs = performance.now();
  await expect(stuck.cut()).rejects.toThrow("disabling on server-1/clients took longer than 300 ms");
  await expect(stuck.removeToxic("x")).rejects.toThrow("took longer");
  expect(await stuck.roundTripMs(300)).toBeUndefined();
  expect(performance.now() - startMs).toBeLessThan(20_000); // three deadlines; without them it would be for ever
  silent.close();
});

/**
 * A stage whose times are names: `at(ms)` comes when what is written for it has happened, or with the signal. So the
 * order is as planned, however long the machine takes for each step.
 */
function stageOf(due: Readonly<Record<number, (happened: (step: string) => boolean) => boolean>>): {
  stage: Stage;
  events: FaultEvent[];
} {
  const events: FaultEvent[] = [];
  const happened = (step: string) => events.some((event) => `${event.fault} ${event.step}` === step);
  const faults: Record<string, Fault> = { latency, cut, kill, terminate };
  const stage: Stage = {
    nowMs: () => 0,
    at: (ms, signal) => soon(`${ms}`, async () => signal.aborted || (due[ms]?.(happened) ?? false)),
    port: (name, kind) => (kind === "link" ? link(name) : processNamed(name)),
    fault: (name) => faults[name] as Fault,
    record: (event) => void events.push(event),
    undoLog: { add: async () => {}, remove: async () => {} },
  };
  return { stage, events };
}

function planned(index: number, fault: Fault, targetName: string, fromMs: number, toMs: number): FaultWindow {
  const { name, params, closes, drops } = fault;
  return { index, fault: name, target: targetName, params, fromMs, toMs, closes, drops };
}

const allAnswer = async () => {
  for (const each of target.topology.links)
    expect(await each.roundTripMs(PATIENT_MS), each.name).toBeDefined();
  for (const each of target.topology.processes) await soon(`${each.name} ready`, () => each.ready(1_000));
};

const NEVER_MS = 600_000;

test("E1, E13, E23: overlapping windows are each observed and healed, also behind one another", async () => {
  const { stage, events } = stageOf({
    0: () => true,
    10000: (happened) => happened("latency observed"),
    20000: (happened) => happened("kill observed"),
    30000: (happened) => happened("latency healing"),
  });
  const result = await conduct(
    [
      planned(0, latency, "server-1/clients", 0, 20_000),
      planned(1, kill, "server-1", 10_000, 30_000), // still dead when the latency behind it ends
      planned(2, cut, "server-2/redis", 0, 10_000),
    ],
    stage,
    new AbortController().signal,
  );
  expect(result.notHealed).toEqual([]);
  for (const index of [0, 1, 2]) {
    const steps = events.filter((event) => event.index === index).map((event) => event.step);
    expect(steps).toEqual(["injecting", "injected", "observed", "healing", "healed"]);
  }
  await allAnswer();
});

test("an interrupt in the middle of three faults gives the system back whole, without waiting for their ends", async () => {
  const { stage, events } = stageOf({
    0: () => true,
    1000: (happened) => happened("latency observed"), // nobody sees it through a server that is gone
    2000: (happened) => happened("kill injected"),
    [NEVER_MS]: () => false,
  });
  const controller = new AbortController();
  const conducting = conduct(
    [
      planned(0, latency, "server-1/clients", 0, NEVER_MS),
      planned(1, kill, "server-1", 1_000, NEVER_MS),
      planned(2, cut, "server-2/clients", 2_000, NEVER_MS),
    ],
    stage,
    controller.signal,
  );
  await soon(
    "all three are in force",
    async () => events.filter((event) => event.step === "observed").length === 3,
  );
  controller.abort();
  const result = await conducting;
  expect(result.notHealed).toEqual([]);
  const healing = events.filter((event) => event.step === "healing").map((event) => event.index);
  expect(healing).toEqual([2, 1, 0]);
  await allAnswer();
});
