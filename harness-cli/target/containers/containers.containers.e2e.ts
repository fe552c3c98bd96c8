import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { WebSocket } from "ws";
import type { Fault } from "../../../chaos/fault.ts";
import blackhole from "../../../chaos/faults/blackhole.ts";
import cpuLimit from "../../../chaos/faults/cpu-limit.ts";
import cut from "../../../chaos/faults/cut.ts";
import freeze from "../../../chaos/faults/freeze.ts";
import halfOpen from "../../../chaos/faults/half-open.ts";
import kill from "../../../chaos/faults/kill.ts";
import latency from "../../../chaos/faults/latency.ts";
import networkDisconnect from "../../../chaos/faults/network-disconnect.ts";
import outOfMemory from "../../../chaos/faults/out-of-memory.ts";
import pgExhaustConnections from "../../../chaos/faults/pg-exhaust-connections.ts";
import redisFailover from "../../../chaos/faults/redis-failover.ts";
import redisRestartEmpty from "../../../chaos/faults/redis-restart-empty.ts";
import restart from "../../../chaos/faults/restart.ts";
import terminate from "../../../chaos/faults/terminate.ts";
import { leftWith } from "../../e2e/docker-command.ts";
import { scrape } from "../../scrape.ts";
import { portsOf, through } from "../fixtures/fault-trial.ts";
import { smallPlan } from "../fixtures/small-plan.ts";
import type { ProcessNews } from "../process-port.ts";
import { createSupervisor, type Supervisor } from "../supervisor.ts";
import type { RunningTarget } from "../target.ts";
import { bringUpContainers } from "./containers.ts";

/** A run of ours has this label on everything; a test's own is found among them by its owner. */
const OWNED = `seaworthy.pid=${process.pid}`;
const BRING_UP_MS = 120_000;

describe.skipIf(inject("noContainers") !== undefined)("the reference system in containers", () => {
  let runDir: string;
  let supervisor: Supervisor;
  let target: RunningTarget;
  let bringUpMs: number;
  const news: ProcessNews[] = [];

  beforeAll(async () => {
    runDir = await mkdtemp(path.join(os.tmpdir(), "seaworthy-run-"));
    supervisor = await createSupervisor({ runDir });
    const startMs = performance.now();
    target = await bringUpContainers({
      plan: smallPlan({ instances: 2 }),
      runDir,
      supervisor,
      signal: AbortSignal.timeout(BRING_UP_MS),
      framesEverywhere: true,
      onEvent: (event) => void news.push(event),
    });
    bringUpMs = performance.now() - startMs;
  });
  afterAll(async () => {
    await target?.[Symbol.asyncDispose]();
    await supervisor?.[Symbol.asyncDispose]();
    await rm(runDir, { recursive: true, force: true });
  });

  /** What a client of this server sees when the fault is injected. */
  async function codeAfter(fault: Fault, name: string, endpoint: string): Promise<number> {
    const { origin } = target.access as { origin: string };
    const socket = new WebSocket(endpoint, ["v12.stomp"], { origin });
    await once(socket, "open");
    const closed = once(socket, "close");
    await using _undo = await fault.inject(portsOf(target).process(name) as never, fault.params);
    return (await closed)[0] as number;
  }

  test("the same ports as with processes: every link answers through its own proxy, all that is asked is there", async () => {
    const { links, processes, stores } = target.topology;
    expect(processes.map(({ name }) => name)).toEqual([
      "server-1",
      "server-2",
      "redis",
      "postgres",
      "toxiproxy",
      "frame-proxy",
    ]);
    expect(links.map(({ name }) => name)).toEqual(
      [1, 2].flatMap((n) => ["clients", "redis", "postgres"].map((to) => `server-${n}/${to}`)),
    );
    expect(stores.map(({ engine }) => engine)).toEqual(["redis", "postgres"]);
    await portsOf(target).allWell();
    for (const server of target.servers) expect((await scrape(server, 0, 20_000)).up).toBe(true);
    expect(await target.audit?.("abc123")).toEqual({ source: "postgres", stored: [], rows: 0 });
    expect(Object.keys(target.pids()).sort()).toEqual(processes.map(({ name }) => name).sort());
    // Exams ask the servers what is their own, here as there.
    const { internalToken } = target.access as { internalToken: string };
    const own = new URL("/internal/switches", target.servers[0]?.metricsUrl);
    const statusWith = async (authorization: string) =>
      (await fetch(own, { headers: { authorization } })).status;
    expect([await statusWith("Bearer wrong"), await statusWith(`Bearer ${internalToken}`)]).toEqual([
      401, 200,
    ]);
    console.info(`up in ${Math.round(bringUpMs)} ms`);
  });

  test("everything listens on 127.0.0.1 only", async () => {
    const [other] = Object.values(os.networkInterfaces())
      .flat()
      .filter((address) => address?.family === "IPv4" && !address.internal);
    const ports = [...target.endpoints, ...target.servers.map(({ metricsUrl }) => metricsUrl)].map((url) =>
      Number(new URL(url).port),
    );
    expect(ports).toHaveLength(4);
    expect(other).toBeDefined();
    for (const port of ports) expect(await answersAt(other?.address as string, port)).toBe(false);
  });

  test("handshakes of many clients are not held against Toxiproxy, whose address they all have (A8)", async () => {
    const { origin } = target.access as { origin: string };
    const sockets = Array.from(
      { length: 40 },
      () => new WebSocket(target.endpoints[0] as string, ["v12.stomp"], { origin }),
    );
    await Promise.all(sockets.map((socket) => once(socket, "open")));
    for (const socket of sockets) socket.terminate();
  });

  test("E1, E9: latency and a cut on a link to Redis are felt, and gone afterwards", async () => {
    const link = portsOf(target).link("server-1/redis");
    await through(latency, link, { latencyMs: 200 });
    await through(cut, link);
    await portsOf(target).allWell();
  });

  test("E4, E57: a black hole between containers, and the way back", async () => {
    await through(blackhole, portsOf(target).link("server-2/clients"));
    await portsOf(target).allWell();
  });

  test("E58, E59: one direction of a chosen connection goes silent, by the frame proxy in its own container", async () => {
    const { origin } = target.access as { origin: string };
    const socket = new WebSocket(target.endpoints[0] as string, ["v12.stomp"], { origin });
    await once(socket, "open");
    const link = portsOf(target).link("server-1/clients");
    const speak = setInterval(() => socket.send("\n"), 50);
    await through(halfOpen, link, { victims: 1, stream: "upstream", keep: "drop" });
    clearInterval(speak);
    socket.terminate();
    await portsOf(target).allWell();
  });

  test("E12, E13: clients see 1012 on a planned stop, and no close frame on a kill", async () => {
    expect(await codeAfter(terminate, "server-1", target.endpoints[0] as string)).toBe(1012);
    expect(await codeAfter(kill, "server-2", target.endpoints[1] as string)).toBe(1006);
    await portsOf(target).allWell();
    const exits = news
      .filter(({ what }) => what === "exited")
      .map(({ name, code, signal, expected }) => [name, code, signal, expected]);
    expect(exits).toEqual([
      ["server-1", 0, null, true],
      ["server-2", null, "SIGKILL", true],
    ]);
  });

  test("E12: a restart is another container process at the same address", async () => {
    const server = portsOf(target).process("server-1");
    const before = server.pid();
    await through(restart, server);
    expect(server.pid()).not.toBe(before);
    await portsOf(target).allWell();
  });

  test("E14, E19: frozen ones hold their sockets and go on, servers and stores", async () => {
    const { process, allWell } = portsOf(target);
    for (const name of ["server-2", "redis", "postgres"]) {
      await through(freeze, process(name), {}, () => expect(process(name).frozen()).toBe(true));
      await allWell();
    }
  });

  test("E14: one that is killed while it is frozen dies, and comes back", async () => {
    const server = portsOf(target).process("server-2");
    await server.signal("SIGSTOP");
    expect(server.frozen()).toBe(true);
    await server.signal("SIGKILL");
    expect(await server.exited(20_000)).toMatchObject({ signal: "SIGKILL" });
    await server.start();
    expect(server.frozen()).toBe(false);
    await portsOf(target).allWell();
  });

  test("E20, E22: Redis restarts empty; a replica in a container of its own takes over and gives back", async () => {
    const { redis, allWell } = portsOf(target);
    await redis.command("SET", "kept", "yes");
    await through(redisRestartEmpty, redis);
    expect(await redis.command("GET", "kept")).toBe(null);
    await redis.command("SET", "kept", "again");
    await through(redisFailover, redis, {}, async () => {
      expect(redis.links.map(({ upstream }) => upstream)).toEqual([
        "redis-replica-1:6379",
        "redis-replica-1:6379",
      ]);
    });
    expect(await redis.command("GET", "kept")).toBe("again");
    await allWell();
  });

  test("E13, E29: a killed Postgres keeps what it has confirmed; its connections can be used up", async () => {
    const { postgres, process, allWell } = portsOf(target);
    {
      await using session = await postgres.connect();
      await session.query("CREATE TABLE kept (n int)");
      await session.query("INSERT INTO kept VALUES (7)");
    }
    await through(kill, process("postgres"));
    {
      await using session = await postgres.connect();
      expect(await session.query("SELECT n FROM kept")).toEqual([{ n: 7 }]);
    }
    await through(pgExhaustConnections, postgres);
    await allWell();
  });

  test("E11, E57: out of the network: alive and unreachable, no FIN reaches anybody, and back again", async () => {
    const { process, allWell } = portsOf(target);
    const { origin } = target.access as { origin: string };
    const socket = new WebSocket(target.endpoints[0] as string, ["v12.stomp"], { origin });
    await once(socket, "open");
    await through(networkDisconnect, process("server-1"), {}, () =>
      expect(socket.readyState).toBe(WebSocket.OPEN),
    );
    socket.terminate();
    for (const name of ["redis", "postgres"]) await through(networkDisconnect, process(name));
    await allWell();
  });

  test("E16: a quota holds it back, and is gone afterwards", async () => {
    const { process, allWell } = portsOf(target);
    await through(cpuLimit, process("server-1"), { cpus: 0.02 });
    await allWell();
  });

  test("E15: one that gets no more memory is killed for it, and starts again with what it had", async () => {
    const server = portsOf(target).process("server-2");
    const { origin } = target.access as { origin: string };
    const crowd: WebSocket[] = [];
    const grow = setInterval(() => {
      for (let n = 0; n < 20; n++) {
        const socket = new WebSocket(target.endpoints[1] as string, ["v12.stomp"], { origin });
        crowd.push(socket.on("error", () => {}));
      }
    }, 100);
    try {
      await through(outOfMemory, server);
    } finally {
      clearInterval(grow);
      for (const socket of crowd) socket.terminate();
    }
    expect(news.filter(({ what }) => what === "exited").at(-1)).toMatchObject({
      name: "server-2",
      expected: true,
    });
    expect(await server.limits?.get("address-space")).toBe(undefined);
    await portsOf(target).allWell();
  });

  test("what the containers say is in the run's logs, and every exit of them was asked for", async () => {
    const log = (name: string) => readFile(path.join(runDir, "logs", `${name}.log`), "utf8");
    expect(await log("postgres")).toContain("database system is ready to accept connections");
    expect(await log("redis")).toContain("Ready to accept connections");
    expect(await log("server-1")).toMatch(/listening/i);
    expect(news.filter(({ what, expected }) => what === "exited" && !expected)).toEqual([]);
  });

  test("disposing it leaves no container, no network, no volume", async () => {
    expect((await leftWith(OWNED)).length).toBeGreaterThan(5);
    await target[Symbol.asyncDispose]();
    expect(await leftWith(OWNED)).toEqual([]);
    for (const endpoint of target.endpoints)
      expect(await answersAt("127.0.0.1", Number(new URL(endpoint).port))).toBe(false);
  });
});

function answersAt(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect({ host, port, timeout: 2_000 }, () => resolve(true));
  socket.on("error", () => resolve(false)).on("timeout", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
