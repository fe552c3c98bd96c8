import { readFile } from "node:fs/promises";
import path from "node:path";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import clockSkew from "../../chaos/faults/clock-skew.ts";
import cpuStarve from "../../chaos/faults/cpu-starve.ts";
import debugLogging from "../../chaos/faults/debug-logging.ts";
import fdLimit from "../../chaos/faults/fd-limit.ts";
import freeze from "../../chaos/faults/freeze.ts";
import healthFlip from "../../chaos/faults/health-flip.ts";
import outOfMemory from "../../chaos/faults/out-of-memory.ts";
import restart from "../../chaos/faults/restart.ts";
import { RawStompClient } from "../e2e/raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "../e2e/reference-system.ts";
import { portsOf, soon, through } from "./fixtures/fault-trial.ts";
import type { ProcessNews } from "./process-port.ts";
import { descendantsOf, isStopped } from "./process-tree.ts";

// The real system: three reference servers, their stores, every link through Toxiproxy.
let system: ReferenceSystem;
let on: ReturnType<typeof portsOf>;
const clients: RawStompClient[] = [];
const news: ProcessNews[] = [];

beforeAll(async () => {
  system = await bringUpReference(
    3,
    1,
    { USER_RATE: "off", SESSION_RATE: "off", DRAIN_MS: "200" },
    { onEvent: (event) => void news.push(event) },
  );
  on = portsOf(system.target);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.ws.terminate();
  await on.allWell();
});
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
});

async function connect(server: number, user: string): Promise<RawStompClient> {
  const client = await RawStompClient.connect(system, server, user);
  clients.push(client);
  return client;
}

test("E14: a frozen server keeps its connections, answers nobody, and goes on where it stood", async () => {
  const [ann, bob] = [await connect(1, "ann"), await connect(2, "bob")];
  for (const client of [ann, bob]) await client.subscribe("/topic/room.ice");
  await through(freeze, on.process("server-1"), {}, async () => {
    bob.say("ice", "while frozen");
    await bob.heard("ice", "while frozen");
    expect(ann.contents("ice")).toEqual([]);
    expect(await on.process("server-2").ready(5_000)).toBe(true);
  });
  await ann.heard("ice", "while frozen");
  expect(ann.ws.readyState).toBe(ann.ws.OPEN);
});

test.each(["redis", "postgres"])(
  "E14, E19: a frozen %s hangs with all that it started, and the servers say so",
  async (name) => {
    const store = on.process(name);
    await through(freeze, store, {}, async () => {
      const pids = [store.pid() as number, ...descendantsOf(store.pid() as number)];
      if (name === "postgres") expect(pids.length).toBeGreaterThan(5); // its backends lead groups of their own
      expect(pids.filter((pid) => !isStopped(pid))).toEqual([]);
      await soon("no server is ready", async () => !(await on.process("server-1").ready(5_000)));
    });
    await soon("the servers are ready again", () => on.process("server-1").ready(5_000));
  },
);

test("E14: the thaw of a process that died meanwhile is nothing, once and twice", async () => {
  const server = on.process("server-3");
  const undo = await freeze.inject(server as never, {});
  await server.signal("SIGKILL");
  await server.exited(20_000);
  await undo[Symbol.asyncDispose]();
  await undo[Symbol.asyncDispose]();
  await server.start();
  await soon("healed", () => freeze.healed(server as never, {}));
});

test("E16: a starved server is slow for everybody and loses nobody", async () => {
  const ann = await connect(1, "ann");
  await ann.subscribe("/topic/room.hunger");
  const lateBefore = await lateSeconds(1);
  await through(cpuStarve, on.process("server-1"), { sharePercent: 10, periodMs: 400 }, async () => {
    for (const content of ["a", "b", "c"]) {
      ann.say("hunger", content);
      await ann.heard("hunger", content);
    }
    // The loop itself measures that it comes late: some of each 360 ms in which it stood still.
    await soon("the loop is late", async () => (await lateSeconds(1)) - lateBefore > 1);
  });
  expect(ann.contents("hunger")).toEqual(["a", "b", "c"]);
  expect(ann.ws.readyState).toBe(ann.ws.OPEN);
});

const lateSeconds = (server: number) => system.series(server, "event_loop_lag_seconds_sum");

test("E16: starving goes on with the process that takes the victim's place, and ends with the window", async () => {
  const server = on.process("server-3");
  // Enough to start with: a start has its own deadline, and the machine may starve as well.
  const params = { sharePercent: 60, periodMs: 100 };
  await through(cpuStarve, server, params, async () => {
    await server.signal("SIGKILL");
    await server.exited(20_000);
    await server.start();
    await soon("starved again", () => cpuStarve.observed(server as never, params));
  });
});

test("E12: a restart sends its clients away properly and is back at once, as another process", async () => {
  const pid = system.pid(2);
  const ann = await connect(2, "ann");
  await through(restart, on.process("server-2"), {}, async () => {
    expect([1001, 1012]).toContain((await ann.closed).code);
    await soon("back within the window", () => on.process("server-2").ready(5_000));
  });
  expect(system.pid(2)).not.toBe(pid);
});

test("E12: the window's end does not wait for a restart that hangs", async () => {
  const server = on.process("server-2");
  const pid = server.pid();
  await server.signal("SIGSTOP"); // it cannot even notice the SIGTERM
  await through(restart, server, { graceMs: 120_000 });
  expect(server.pid()).not.toBe(pid);
});

test("E48: without a free file descriptor nobody new gets in, and those inside go on", async () => {
  const ann = await connect(1, "ann");
  await ann.subscribe("/topic/room.files");
  await through(fdLimit, on.process("server-1"), {}, async () => {
    ann.say("files", "inside");
    await ann.heard("files", "inside");
    const refused = new RawStompClient(system.endpoint(1), system.origin, []);
    await expect(refused.opened()).rejects.toThrow();
  });
  await connect(1, "bob");
  ann.say("files", "after");
  await ann.heard("files", "after");
});

test("E48: the limit dies with its process, and its undo does not mind", async () => {
  const server = on.process("server-3");
  await through(fdLimit, server, { spareFiles: 3 }, async () => {
    await server.signal("SIGKILL");
    await server.exited(20_000);
    await server.start();
  });
});

test("E15: a server whose load needs more memory than there is dies of it, as expected, and comes back", async () => {
  const bob = await connect(1, "bob");
  await bob.subscribe("/topic/room.memory");
  const ann = await connect(3, "ann");
  await ann.subscribe("/topic/room.memory");
  const server = on.process("server-3");
  const undo = await outOfMemory.inject(server as never, { headroomMegabytes: 0 });
  try {
    const big = "x".repeat(30_000);
    await soon("it ran out of memory", async () => {
      for (let i = 0; i < 20; i++) bob.say("memory", big, "");
      return outOfMemory.observed(server as never, { headroomMegabytes: 0 });
    });
    const exit = await server.exited(20_000);
    // V8 gives up by abort (134) or by a trap (133), wherever it was refused; a shell would name these codes.
    expect(["SIGABRT", "SIGTRAP"]).toContain(exit.signal);
    expect(news.filter((event) => event.what === "exited").at(-1)).toMatchObject({
      name: "server-3",
      expected: true,
    });
    expect((await ann.closed).code).toBe(1006);
    expect(bob.ws.readyState).toBe(bob.ws.OPEN);
  } finally {
    await undo[Symbol.asyncDispose]();
    await undo[Symbol.asyncDispose]();
  }
  await soon("healed", () => outOfMemory.healed(server as never, { headroomMegabytes: 0 }));
});

test("E15: a limit that nobody ran into is taken back, and was no effect", async () => {
  const server = on.process("server-2");
  const pid = server.pid();
  const params = { headroomMegabytes: 4_096 };
  const undo = await outOfMemory.inject(server as never, params);
  expect(await outOfMemory.observed(server as never, params)).toBe(false);
  await undo[Symbol.asyncDispose]();
  await undo[Symbol.asyncDispose]();
  expect(server.pid()).toBe(pid);
  expect(await outOfMemory.healed(server as never, params)).toBe(true);
});

test("E41: a server whose health says no goes on serving those that it has", async () => {
  const ann = await connect(1, "ann");
  await ann.subscribe("/topic/room.health");
  await through(healthFlip, on.process("server-1"), {}, async () => {
    expect((await fetch(system.page(1, "/health/ready"))).status).toBe(503);
    expect((await fetch(system.page(1, "/health/live"))).status).toBe(200);
    ann.say("health", "still here");
    await ann.heard("health", "still here");
  });
});

test("E53: debug logging writes what it does not write otherwise", async () => {
  const log = path.join(system.logs, "server-2.log");
  const debugLines = async () => (await readFile(log, "utf8")).split('"level":"debug"').length - 1;
  await connect(2, "quiet");
  expect(await debugLines()).toBe(0);
  await through(debugLogging, on.process("server-2"), {}, async () => {
    await connect(2, "loud");
    await soon("a debug line", async () => (await debugLines()) > 0);
  });
  const said = await debugLines();
  await connect(2, "calm");
  expect(await debugLines()).toBe(said);
});

test("E42: an instance whose clock is ahead refuses tokens that are good everywhere else", async () => {
  const shortLived = () =>
    new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setSubject("zoe")
      .setExpirationTime("30m")
      .sign(new TextEncoder().encode(system.secret));
  const enter = async (server: number) => {
    const client = new RawStompClient(system.endpoint(server), system.origin, ["v12.stomp"]);
    clients.push(client);
    await client.opened();
    client.send("CONNECT", {
      "accept-version": "1.2",
      host: "x",
      Authorization: `Bearer ${await shortLived()}`,
    });
    return (await client.next((frame) => frame.command === "CONNECTED" || frame.command === "ERROR")).command;
  };
  await through(clockSkew, on.process("server-2"), { offsetMs: 3_000_000 }, async () => {
    expect(await enter(2)).toBe("ERROR");
    expect(await enter(1)).toBe("CONNECTED");
  });
  expect(await enter(2)).toBe("CONNECTED");
});

test("E42: a clock is right again after a restart, and the undo leaves the new process alone", async () => {
  const server = on.process("server-3");
  const undo = await clockSkew.inject(server as never, { offsetMs: -60_000 });
  await server.signal("SIGKILL");
  await server.exited(20_000);
  await undo[Symbol.asyncDispose]();
  await server.start();
  await undo[Symbol.asyncDispose]();
  await soon("healed", () => clockSkew.healed(server as never, { offsetMs: -60_000 }));
});
