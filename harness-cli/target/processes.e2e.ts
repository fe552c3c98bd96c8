import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { Fault } from "../../chaos/fault.ts";
import kill from "../../chaos/faults/kill.ts";
import terminate from "../../chaos/faults/terminate.ts";
import type { Process } from "../../chaos/topology.ts";
import { findTools, type Tools } from "../provision/tools.ts";
import { scrape } from "../scrape.ts";
import { smallPlan } from "./fixtures/small-plan.ts";
import { makeDataFolder } from "./postgres.ts";
import type { ProcessNews } from "./process-port.ts";
import { type BringUpOptions, bringUpProcesses } from "./processes.ts";
import { startTimeOf } from "./start-time.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import type { RunningTarget } from "./target.ts";

const tinyServer = fileURLToPath(new URL("./fixtures/tiny-server.mjs", import.meta.url));

let tools: Tools;
beforeAll(async () => {
  tools = await findTools();
});

let runDir: string;
let supervisor: Supervisor;
let news: ProcessNews[];
beforeEach(async () => {
  runDir = await mkdtemp(path.join(os.tmpdir(), "seaworthy-run-"));
  supervisor = await createSupervisor({ runDir });
  news = [];
});
afterEach(async () => {
  await supervisor[Symbol.asyncDispose]();
  await rm(runDir, { recursive: true, force: true });
});

const bringUp = (instances: number, options: Partial<BringUpOptions> = {}): Promise<RunningTarget> =>
  bringUpProcesses({
    plan: smallPlan({ instances }),
    tools,
    runDir,
    supervisor,
    signal: new AbortController().signal,
    onEvent: (event) => void news.push(event),
    ...options,
  });

/** The pids that were started and still live. */
const alive = () =>
  news
    .filter((event) => event.what === "started")
    .map((event) => event.pid as number)
    .filter((pid) => startTimeOf(pid) !== undefined);

async function program(source: string): Promise<string> {
  const file = path.join(runDir, "program.mjs");
  await writeFile(file, source);
  return file;
}

/** However busy the machine is. */
function becomesReady(process: Process): Promise<boolean> {
  return vi.waitUntil(() => process.ready(1_000), { timeout: 60_000, interval: 50 });
}

function refuses(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect(port, "127.0.0.1", () => resolve(false));
  socket.on("error", () => resolve(true));
  return promise.finally(() => socket.destroy());
}

test("the reference system comes up, every link answers through its own proxy, and nothing of it stays", async () => {
  const ports: number[] = [];
  {
    await using target = await bringUp(3);
    const { links, processes, stores } = target.topology;
    expect(processes.map((process) => process.name).sort()).toEqual(
      ["postgres", "redis", "server-1", "server-2", "server-3", "toxiproxy"].sort(),
    );
    expect(links.map((link) => link.name)).toEqual(
      [1, 2, 3].flatMap((n) => ["clients", "redis", "postgres"].map((to) => `server-${n}/${to}`)),
    );
    expect(stores.map((store) => store.engine)).toEqual(["redis", "postgres"]);
    expect(Object.keys(target.pids())).toHaveLength(6);
    for (const link of links) expect(await link.roundTripMs(20_000), link.name).toBeGreaterThan(0);
    for (const process of processes) await becomesReady(process);

    if (target.access.kind !== "jwt") throw new Error("the reference server takes tokens");
    for (const endpoint of target.endpoints) {
      const socket = new WebSocket(endpoint, ["v12.stomp"], { origin: target.access.origin });
      await once(socket, "open");
      socket.terminate();
    }
    for (const server of target.servers) {
      const sample = await scrape(server, 0, 20_000);
      expect(sample.up).toBe(true);
      expect(Object.keys(sample.series).length).toBeGreaterThan(10);
    }
    expect(await target.audit?.("abc123")).toEqual({ source: "postgres", stored: [], rows: 0 });

    for (const endpoint of target.endpoints) ports.push(Number(new URL(endpoint).port));
    ports.push(...stores.map((store) => Number(new URL(store.url).port)));
  }
  expect(alive()).toEqual([]);
  for (const port of ports) expect(await refuses(port)).toBe(true);
  const exits = news.filter((event) => event.what === "exited");
  expect(exits).toHaveLength(6);
  expect(exits.every((event) => event.expected)).toBe(true);
});

test("E12, E13: clients of the reference server see 1012 on a planned stop, and no close frame on a kill", async () => {
  await using target = await bringUp(2);
  if (target.access.kind !== "jwt") throw new Error("the reference server takes tokens");
  const { origin } = target.access;
  const codeAfter = async (fault: Fault, name: string, endpoint: string | undefined) => {
    const socket = new WebSocket(endpoint as string, ["v12.stomp"], { origin });
    await once(socket, "open");
    const closed = once(socket, "close");
    const server = target.topology.processes.find((each) => each.name === name) as Process;
    await using _undo = await fault.inject(server as never, fault.params);
    return (await closed)[0];
  };
  expect(await codeAfter(terminate, "server-1", target.endpoints[0])).toBe(1012);
  expect(await codeAfter(kill, "server-2", target.endpoints[1])).toBe(1006);
  for (const process of target.topology.processes) await becomesReady(process);
  const exits = news.filter((event) => event.what === "exited");
  expect(exits.map(({ code, signal, expected }) => ({ code, signal, expected }))).toEqual([
    { code: 0, signal: null, expected: true },
    { code: null, signal: "SIGKILL", expected: true },
  ]);
});

test("without a cached template, or a cache to keep one in, Postgres's data folder is made all the same", async () => {
  const before = process.env.SEAWORTHY_CACHE;
  try {
    process.env.SEAWORTHY_CACHE = path.join(runDir, "cache");
    const postgres = { tools, supervisor, logFile: path.join(runDir, "initdb.log") };
    await makeDataFolder({ ...postgres, folder: path.join(runDir, "first") });
    const [template] = await readdir(path.join(runDir, "cache"));
    expect(template).toMatch(/^pgdata-/);
    await makeDataFolder({ ...postgres, folder: path.join(runDir, "second") });
    await writeFile(path.join(runDir, "file"), "");
    process.env.SEAWORTHY_CACHE = path.join(runDir, "file", "cache"); // not even root can make it
    await makeDataFolder({ ...postgres, folder: path.join(runDir, "third") });
  } finally {
    if (before === undefined) delete process.env.SEAWORTHY_CACHE;
    else process.env.SEAWORTHY_CACHE = before;
  }
  for (const name of ["first", "second", "third"]) {
    expect(await readFile(path.join(runDir, name, "PG_VERSION"), "utf8")).toMatch(/^1\d\n$/);
  }
});

test("a server that fails to start is SW_START_FAILED with its last lines, and the rest is stopped", async () => {
  const failing = await program(`console.error("DB_PASSWORD is missing"); process.exit(7);`);
  await expect(bringUp(2, { serverProgram: failing })).rejects.toMatchObject({
    code: "SW_START_FAILED",
    message: expect.stringMatching(
      /server-\d ended with exit code 7 at its start.*\n.*DB_PASSWORD is missing/,
    ),
  });
  expect(alive()).toEqual([]);
});

test("one instance of three that dies while the others come up is the one that is named", async () => {
  const oneFails = await program(`
    if (process.env.SERVER_ID === "server-2") { console.error("out of luck"); process.exit(9); }
    await import(${JSON.stringify(tinyServer)});
  `);
  await expect(bringUp(3, { serverProgram: oneFails })).rejects.toThrow(
    /server-2 ended with exit code 9[\s\S]*out of luck/,
  );
  expect(alive()).toEqual([]);
});

test("a store that dies under the servers while they come up is named, long before their deadline", async () => {
  const waiting = await program(`setTimeout(() => {}, 60_000);`);
  const startMs = performance.now();
  await expect(
    bringUp(1, {
      serverProgram: waiting,
      onEvent(event) {
        news.push(event);
        if (event.what !== "started" || event.name !== "server-1") return;
        process.kill(news.find(({ name }) => name === "redis")?.pid as number, "SIGKILL");
      },
    }),
  ).rejects.toThrow("redis was ended by SIGKILL");
  expect(performance.now() - startMs).toBeLessThan(40_000); // theirs is a minute
  expect(alive()).toEqual([]);
});

test("a port that somebody else was quicker to take is tried again with others", async () => {
  const stamp = path.join(runDir, "stamp");
  const racing = await program(`
    import { existsSync, writeFileSync } from "node:fs";
    import net from "node:net";
    if (!existsSync(${JSON.stringify(stamp)})) {
      writeFileSync(${JSON.stringify(stamp)}, "");
      await new Promise((resolve) => net.createServer().listen(Number(process.env.PORT), "127.0.0.1", resolve));
    }
    await import(${JSON.stringify(tinyServer)});
  `);
  await using target = await bringUp(1, { serverProgram: racing });
  await becomesReady(target.topology.processes[0] as Process);
  const lost = news.find((event) => event.what === "exited" && event.name === "server-1");
  expect(lost).toMatchObject({ code: 1, expected: true });
  expect(lost?.lastLines?.join()).toContain("EADDRINUSE");
});

test("an occupied port that was asked for is SW_PORT_TAKEN before anything starts", async () => {
  const occupant = net.createServer().listen(0, "127.0.0.1");
  await once(occupant, "listening");
  const { port } = occupant.address() as net.AddressInfo;
  await expect(bringUp(1, { ports: { "server-1/clients": port } })).rejects.toMatchObject({
    code: "SW_PORT_TAKEN",
  });
  expect(news).toEqual([]);
  occupant.close();
});

test("Ctrl-C in the middle of the bring-up ends it at once and leaves nothing", async () => {
  const controller = new AbortController();
  const waiting = await program(`setTimeout(() => {}, 60_000);`);
  const startMs = performance.now();
  const bringing = bringUp(2, {
    serverProgram: waiting,
    signal: controller.signal,
    onEvent(event) {
      news.push(event);
      if (event.name === "server-2") controller.abort(new Error("interrupted"));
    },
  });
  await expect(bringing).rejects.toThrow("interrupted");
  expect(performance.now() - startMs).toBeLessThan(40_000); // theirs is a minute
  expect(alive()).toEqual([]);
});

test("the servers get their stores by their own proxies, and the plan's defects and time scale", async () => {
  const telling = await program(`
    import { writeFileSync } from "node:fs";
    writeFileSync(${JSON.stringify(path.join(runDir, "env-"))} + process.env.SERVER_ID, JSON.stringify(process.env));
    await import(${JSON.stringify(tinyServer)});
  `);
  const plan = smallPlan({ instances: 2 });
  const target = {
    kind: "reference",
    instances: 2,
    defects: ["abrupt-close-1006", "b"],
    runAs: "processes",
  } as const;
  await using up = await bringUp(2, { serverProgram: telling, plan: { ...plan, target } });
  const seen = JSON.parse(await readFile(path.join(runDir, "env-server-2"), "utf8"));
  const portOf = (name: string) => up.topology.links.find((link) => link.name === name)?.listen.split(":")[1];
  expect(seen).toMatchObject({
    REDIS_PORT: portOf("server-2/redis"),
    DB_PORT: portOf("server-2/postgres"),
    MUTANTS: "abrupt-close-1006,b",
    TIME_SCALE: "0.1",
  });
  expect(existsSync(path.join(runDir, "logs", "server-2.log"))).toBe(true);
});
