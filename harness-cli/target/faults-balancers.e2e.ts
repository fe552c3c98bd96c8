import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { visitAll } from "../../chaos/balancers.ts";
import balancerReload from "../../chaos/faults/balancer-reload.ts";
import connectionLimit from "../../chaos/faults/connection-limit.ts";
import deadUpstream from "../../chaos/faults/dead-upstream.ts";
import drainServer from "../../chaos/faults/drain-server.ts";
import freeze from "../../chaos/faults/freeze.ts";
import healthFlip from "../../chaos/faults/health-flip.ts";
import http10Upstream from "../../chaos/faults/http10-upstream.ts";
import idleTimeout from "../../chaos/faults/idle-timeout.ts";
import kill from "../../chaos/faults/kill.ts";
import latency from "../../chaos/faults/latency.ts";
import stripUpgrade from "../../chaos/faults/strip-upgrade.ts";
import { RawStompClient } from "../e2e/raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "../e2e/reference-system.ts";
import { healthyBalancer } from "./balancer/description.ts";
import { get, handshakeHeaders } from "./balancer/visit.ts";
import { portsOf, soon, through } from "./fixtures/fault-trial.ts";

// The real nginx and the real HAProxy in front of three reference servers with their stores.
describe.each(["nginx", "haproxy"] as const)("behind %s", (program) => {
  let system: ReferenceSystem;
  let on: ReturnType<typeof portsOf>;
  const clients: RawStompClient[] = [];

  beforeAll(async () => {
    const settings = { USER_RATE: "off", SESSION_RATE: "off" };
    system = await bringUpReference(3, 1, settings, { balancer: healthyBalancer(program, "round-robin") });
    on = portsOf(system.target);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.ws.terminate();
    await on.allWell();
  });
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
  });

  async function connect(user: string): Promise<RawStompClient> {
    const client = await RawStompClient.connect(system, 1, user);
    clients.push(client);
    return client;
  }

  /** The server that took a client in, as CONNECTED names it. */
  function serverOf(client: RawStompClient): string {
    const connected = client.frames.find((frame) => frame.command === "CONNECTED");
    return connected?.headers["server-id"] ?? "";
  }

  /** A real client's handshake: what the balancer or a server answers. */
  async function handshake(): Promise<number | undefined> {
    const url = system.endpoint(1).replace("ws:", "http:");
    const headers = { ...handshakeHeaders(), Origin: system.origin };
    return (await get(url, 20_000, headers))?.status;
  }

  test("A12: clients go round, and hear each other through every server", async () => {
    const all = [await connect("ann"), await connect("bob"), await connect("cid")];
    expect(all.map(serverOf).sort()).toEqual(["server-1", "server-2", "server-3"]);
    for (const client of all) await client.subscribe("/topic/room.round");
    all[0]?.say("round", "hello");
    for (const client of all) await client.heard("round", "hello");
  });

  test("E32, E37: whoever says nothing for the idle time-out is closed without a close frame, whoever talks is not", {
    tags: "timed",
  }, async () => {
    const before = await connect("ann");
    await through(idleTimeout, on.balancer(), { idleTimeoutMs: 1_500 }, async () => {
      const [quiet, busy] = [await connect("bob"), await connect("cid")];
      await busy.subscribe("/topic/room.idle");
      let isOver = false;
      let said = 0;
      const talking = (async () => {
        while (!isOver) {
          busy.say("idle", `${said}`);
          await busy.heard("idle", `${said}`);
          said += 1;
          await new Promise((wake) => setTimeout(wake, 100));
        }
      })();
      expect((await quiet.closed).code).toBe(1006);
      isOver = true;
      await talking;
      expect(busy.ws.readyState).toBe(busy.ws.OPEN);
      // Its worker has the old configuration.
      expect(before.ws.readyState).toBe(before.ws.OPEN);
    });
  });

  test("E33: without Upgrade a handshake is a GET, which the server answers with 426", async () => {
    expect(await handshake()).toBe(101);
    await through(stripUpgrade, on.balancer(), {}, async () => {
      expect(await handshake()).toBe(426);
    });
    expect(await handshake()).toBe(101);
  });

  test.runIf(program === "nginx")("E34: nginx speaks HTTP/1.0 to the servers", async () => {
    await through(http10Upstream, on.balancer(), {}, async () => {
      expect(await handshake()).toBe(505);
    });
    expect(await handshake()).toBe(101);
  });

  test("E36: one of three upstreams is dead and no other is tried: a third of the handshakes is refused", async () => {
    await through(deadUpstream, on.balancer("server-2/balancer"), {}, async () => {
      const statuses = [];
      for (let i = 0; i < 6; i++) statuses.push(await handshake());
      expect(statuses.filter((status) => status === 101)).toHaveLength(4);
      expect(statuses.filter((status) => status === (program === "nginx" ? 502 : 503))).toHaveLength(2);
    });
  });

  test("E40, F29: a drained server keeps its clients and gets no new ones", async () => {
    const old = [await connect("ann"), await connect("bob"), await connect("cid")];
    await through(drainServer, on.balancer("server-3/balancer"), {}, async () => {
      const added = [];
      for (let i = 0; i < 6; i++) added.push(await connect(`new-${i}`));
      expect(added.map(serverOf).filter((name) => name === "server-3")).toEqual([]);
      expect(new Set(added.map(serverOf))).toEqual(new Set(["server-1", "server-2"]));
      for (const client of old) await client.subscribe("/topic/room.drain");
      old[0]?.say("drain", "still here");
      for (const client of old) await client.heard("drain", "still here");
    });
    await soon(
      "it gets clients again",
      async () => serverOf(await connect(`back-${clients.length}`)) === "server-3",
    );
  });

  test.runIf(program === "haproxy")(
    "F9, E41: HAProxy asks who is ready: a server that says no keeps its clients and gets no new ones",
    async () => {
      const old = [await connect("ann"), await connect("bob"), await connect("cid")];
      await through(healthFlip, on.process("server-1"), {}, async () => {
        const visits = () => visitAll(on.balancer());
        await soon("it is out", async () => (await visits()).every((visit) => visit?.server !== "server-1"));
        for (let i = 0; i < 4; i++) expect(serverOf(await connect(`new-${i}`))).not.toBe("server-1");
        for (const client of old) await client.subscribe("/topic/room.not-ready");
      });
      await soon("it is in again", async () =>
        (await visitAll(on.balancer())).some((visit) => visit?.server === "server-1"),
      );
    },
  );

  test("E40: after a reload the old workers' connections end after the grace, new ones live", async () => {
    const old = await connect("ann");
    await through(balancerReload, on.balancer(), { graceMs: 500 }, async () => {
      expect((await old.closed).code).toBe(1006);
      const fresh = await connect("bob");
      await fresh.subscribe("/topic/room.reload");
    });
  });

  test("E40: a reload that ends nobody leaves every connection as it is", async () => {
    const old = await connect("ann");
    await through(balancerReload, on.balancer(), { drops: false }, async () => {
      await old.subscribe("/topic/room.reload-gently");
      old.say("reload-gently", "still here");
      await old.heard("reload-gently", "still here");
    });
    expect(old.ws.readyState).toBe(old.ws.OPEN);
  });

  test("E37: above its limit the balancer refuses with 503, below it lets in", async () => {
    await through(connectionLimit, on.balancer(), { spareConnections: 2 }, async () => {
      // The balancer may still count those that have just left.
      const held: RawStompClient[] = [];
      await soon("two are in", async () => {
        held.push(await connect(`held-${held.length}`));
        return held.length === 2;
      });
      expect(await handshake()).toBe(503);
      held[0]?.ws.terminate();
      await soon("there is room for one", async () => (await handshake()) === 101);
    });
  });

  test("E37: two changes at once, and each undo takes back its own only", async () => {
    const outer = await on.balancer().alter({ idleTimeoutMs: 1_000 });
    await through(stripUpgrade, on.balancer(), {}, async () => {
      await outer[Symbol.asyncDispose]();
      expect(await handshake()).toBe(426);
    });
    using tunnel = await on.balancer().tunnel(5_000);
    await soon("the time-out of before is gone", () => tunnel.ageMs() > 2_500);
    expect(tunnel.endedAfterMs()).toBeUndefined();
  });

  test("E13: a killed balancer takes everybody's connection, and is back at the same address", async () => {
    const client = await connect("ann");
    await through(kill, on.process("balancer"), {}, async () => {
      expect((await client.closed).code).toBe(1006);
      expect(await handshake()).toBeUndefined();
    });
    await connect("bob");
  });

  test("E14: a balancer that stands still keeps its connections", async () => {
    const client = await connect("ann");
    await through(freeze, on.process("balancer"));
    await client.subscribe("/topic/room.thaw");
  });

  test("E1: the link in front of the balancer is slow for everybody, a link behind it for one server", async () => {
    await through(latency, on.link("balancer/clients"), { latencyMs: 150 });
    await through(latency, on.link("server-1/clients"), { latencyMs: 150 });
  });
});

describe.each(["nginx", "haproxy"] as const)("behind %s with affinity", (program) => {
  let system: ReferenceSystem;
  beforeAll(async () => {
    system = await bringUpReference(3, 1, {}, { balancer: healthyBalancer(program, "cookie") });
  });
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
  });

  /** Where a handshake with these cookies leads, and what the answer wants to be sent back. */
  async function knock(cookie?: string): Promise<{ server: string; cookie?: string }> {
    const url = system.endpoint(1).replace("ws:", "http:");
    const headers = { ...handshakeHeaders(), Origin: system.origin, ...(cookie ? { Cookie: cookie } : {}) };
    const answer = await get(url, 20_000, headers);
    expect(answer?.status).toBe(101);
    const given = answer?.headers["set-cookie"]?.[0]?.split(";")[0];
    return { server: String(answer?.headers["x-served-by"]), ...(given ? { cookie: given } : {}) };
  }

  test("E39, F8: with cookies a client comes back to its server, and to another one when that is gone", async () => {
    const first = await knock();
    expect(first.cookie).toBe(`seaworthy_server=${first.server}`);
    for (let i = 0; i < 6; i++) expect((await knock(first.cookie)).server).toBe(first.server);
    expect((await knock()).server).not.toBe(first.server);
    const on = portsOf(system.target);
    await through(kill, on.process(first.server), {}, async () => {
      expect((await knock(first.cookie)).server).not.toBe(first.server);
    });
    await soon("it goes back", async () => (await knock(first.cookie)).server === first.server);
  });
});

test("E34: what HAProxy cannot be made to do is a mistake of the plan, not a fault without effect", () => {
  expect(http10Upstream.program).toBe("nginx");
});
