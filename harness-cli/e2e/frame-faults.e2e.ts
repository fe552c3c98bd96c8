import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Fault, FaultParams, Undo } from "../../chaos/fault.ts";
import frameCorrupt from "../../chaos/faults/frame-corrupt.ts";
import frameDelay from "../../chaos/faults/frame-delay.ts";
import frameDrop from "../../chaos/faults/frame-drop.ts";
import frameDuplicate from "../../chaos/faults/frame-duplicate.ts";
import frameReorder from "../../chaos/faults/frame-reorder.ts";
import frameTruncate from "../../chaos/faults/frame-truncate.ts";
import halfOpen from "../../chaos/faults/half-open.ts";
import heartbeatSwallow from "../../chaos/faults/heartbeat-swallow.ts";
import receiptSwallow from "../../chaos/faults/receipt-swallow.ts";
import { WAITING_BYTES_MAX } from "../../chaos/frame-proxy/flow.ts";
import type { Link, LinkFrames, Process } from "../../chaos/topology.ts";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

// The real server, and real STOMP clients on one link that has the frame proxy: what each of them sees.

let system: ReferenceSystem;
let link: Link;
let rooms = 0;
let receipts = 0;
const clients: RawStompClient[] = [];

beforeAll(async () => {
  system = await bringUpReference(
    1,
    0.2,
    { USER_RATE: "off", SESSION_RATE: "off" },
    { framesEverywhere: true },
  );
  link = system.target.topology.links.find(({ name }) => name === "server-1/clients") as Link;
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.ws.terminate();
  await soon(
    "the connections are gone",
    async () => (await system.series(1, "websocket_connections_active")) === 0,
  );
});
afterAll(() => system?.[Symbol.asyncDispose]());

const QUIET_MS = 300;
/** Of the server, whose clocks run five times as fast as in production. */
const BEAT_MS = 5_000;

async function soon(what: string, ask: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 30_000;
  while (!(await ask())) {
    if (performance.now() > untilMs) throw new Error(`not within 30 s: ${what}`);
    await wait(25);
  }
}

interface Room {
  readonly name: string;
  /** In the room, and nobody else is connected but the speaker. */
  readonly ada: RawStompClient;
  readonly ben: RawStompClient;
  /** On another connection, not in the room. */
  readonly say: (content: string) => Promise<void>;
}

/** Two who listen, and one who talks past the proxy, so that only listeners can be victims. */
async function room(): Promise<Room> {
  const name = `frames-${++rooms}`;
  const [ada, ben] = await Promise.all([
    RawStompClient.connect(system, 1, "ada"),
    RawStompClient.connect(system, 1, "ben"),
  ]);
  const direct = { ...system, endpoint: () => system.page(1, "/ws").href.replace("http", "ws") };
  const speaker = await RawStompClient.connect(direct, 1, "cleo");
  clients.push(ada, ben, speaker);
  for (const client of [ada, ben]) await client.subscribe(`/topic/room.${name}`);
  return {
    name,
    ada,
    ben,
    async say(content) {
      const receipt = `r-${++receipts}`;
      speaker.say(name, content, receipt);
      await speaker.receipt(receipt);
    },
  };
}

/** Injects, looks, undoes twice, and sees that it is over. `during` is told whom the fault has hit. */
async function through(
  fault: Fault,
  params: FaultParams,
  during: (victim: string, observed: () => Promise<boolean>) => Promise<void>,
): Promise<string> {
  const given = { ...fault.params, ...params };
  const undo: Undo = await fault.inject(link as never, given);
  const begun = undo.detail?.() ?? "";
  const [, victim = ""] = /^\d+ of \d+ connections: (\S+)/.exec(begun) ?? [];
  const observed = () => fault.observed(link as never, given);
  try {
    await during(victim, observed);
    await soon(`${fault.name} observed`, observed);
    expect(await fault.healed(link as never, given)).toBe(true); // nothing was undone yet: nothing to be seen
  } finally {
    await undo[Symbol.asyncDispose]();
    await undo[Symbol.asyncDispose]();
  }
  await soon(`${fault.name} healed`, () => fault.healed(link as never, given));
  return undo.detail?.() ?? "";
}

/** Who is hit, and who is not. */
const asHit = ({ ada, ben }: Room, victim: string) => {
  expect(["ada", "ben"]).toContain(victim);
  return victim === "ada" ? { hit: ada, other: ben } : { hit: ben, other: ada };
};

test("frame-drop: one message is lost to one connection, and to nobody else", async () => {
  const at = await room();
  const said = await through(frameDrop, { destination: `/topic/room.${at.name}` }, async (victim) => {
    const { hit, other } = asHit(at, victim);
    await at.say("one");
    await at.say("two");
    await Promise.all([hit.heard(at.name, "two"), other.heard(at.name, "two")]);
    expect(other.contents(at.name)).toEqual(["one", "two"]);
    expect(hit.contents(at.name)).toEqual(["two"]);
  });
  expect(said).toBe("1 of 2 connections were hit, 1 frames");
  await at.say("three");
  await Promise.all([at.ada, at.ben].map((client) => client.heard(at.name, "three")));
});

test("E55: frame-duplicate: one connection gets the same push three times", async () => {
  const at = await room();
  await through(frameDuplicate, { copies: 2, nth: 2 }, async (victim) => {
    const { hit, other } = asHit(at, victim);
    for (const content of ["one", "two", "three"]) await at.say(content);
    await Promise.all([hit.heard(at.name, "three"), other.heard(at.name, "three")]);
    expect(hit.contents(at.name)).toEqual(["one", "two", "two", "two", "three"]);
    expect(other.contents(at.name)).toEqual(["one", "two", "three"]);
  });
});

test("frame-reorder: a message is overtaken, and one that nobody overtakes comes at the healing", async () => {
  const at = await room();
  let hit = at.ada;
  await through(frameReorder, { behind: 2 }, async (victim) => {
    hit = asHit(at, victim).hit;
    for (const content of ["one", "two", "three", "four"]) await at.say(content);
    await hit.heard(at.name, "four");
    expect(hit.contents(at.name)).toEqual(["two", "three", "one", "four"]);
  });
  await through(frameReorder, { behind: 2 }, async () => {
    for (const content of ["five", "six"]) await at.say(content);
    await hit.heard(at.name, "six");
    expect(hit.contents(at.name)).not.toContain("five");
  });
  await hit.heard(at.name, "five");
  const other = hit === at.ada ? at.ben : at.ada;
  await other.heard(at.name, "six");
  expect(other.contents(at.name)).toEqual(["one", "two", "three", "four", "five", "six"]);
});

test("frame-delay: what follows waits as well, in order, and the healing ends the wait", async () => {
  const at = await room();
  let hit = at.ada;
  await through(frameDelay, { delayMs: 600_000 }, async (victim) => {
    const both = asHit(at, victim);
    hit = both.hit;
    for (const content of ["one", "two"]) await at.say(content);
    await both.other.heard(at.name, "two");
    await wait(QUIET_MS);
    expect(hit.contents(at.name)).toEqual([]);
  });
  await hit.heard(at.name, "two");
  expect(hit.contents(at.name)).toEqual(["one", "two"]);
  await through(frameDelay, { delayMs: 300, count: 2 }, async () => {
    for (const content of ["three", "four"]) await at.say(content);
    await hit.heard(at.name, "four");
  });
  expect(hit.contents(at.name)).toEqual(["one", "two", "three", "four"]);
});

test("receipt-swallow: the message is there for all, and its sender cannot know", async () => {
  const at = await room();
  await through(receiptSwallow, {}, async (victim) => {
    const { hit, other } = asHit(at, victim);
    hit.say(at.name, "unknown");
    await other.heard(at.name, "unknown");
    hit.say(at.name, "known");
    await hit.receipt("known");
    expect(hit.frames.filter(({ command }) => command === "ERROR")).toEqual([]);
    expect(hit.frames.map(({ headers }) => headers["receipt-id"])).not.toContain("unknown");
    expect(hit.ws.readyState).toBe(hit.ws.OPEN);
  });
});

/** Says in its CONNECT what beats it gives and wants, and counts those that come. */
async function beating(user: string, heartBeat: string) {
  const client = new RawStompClient(system.endpoint(1), system.origin, ["v12.stomp"]);
  clients.push(client);
  let beats = 0;
  client.ws.on("message", (data) => {
    if (/^\n+$/.test(String(data))) beats += 1;
  });
  await client.opened();
  client.send("CONNECT", {
    "accept-version": "1.2",
    host: "seaworthy",
    "heart-beat": heartBeat,
    Authorization: `Bearer ${await system.token(user)}`,
  });
  await client.next(({ command }) => command === "CONNECTED");
  return { client, beats: () => beats };
}

test("heartbeat-swallow: the server's beats stop coming and nothing else does, and come again", async () => {
  const { client, beats } = await beating("dora", "0,500");
  await soon("a beat", async () => beats() > 0);
  await through(heartbeatSwallow, {}, async (victim, observed) => {
    expect(victim).toBe("dora");
    await soon("beats are swallowed", observed);
    const swallowed = beats();
    await client.subscribe("/topic/room.beats"); // other frames come
    await wait(2 * BEAT_MS);
    expect(beats()).toBe(swallowed);
  });
  const before = beats();
  await soon("a beat again", async () => beats() > before);
});

test("heartbeat-swallow: a client whose beats never arrive is let go by the server", async () => {
  const { client } = await beating("dora", "10000,0");
  const beat = setInterval(() => client.ws.send("\n"), 500);
  try {
    await through(heartbeatSwallow, { from: "client" }, async () => {
      const { code } = await client.closed;
      expect(heartbeatSwallow.closes).toContain(code);
    });
  } finally {
    clearInterval(beat);
  }
});

test("E4, E59: half-open, held: silence on an open socket, then everything, on the same connection", async () => {
  const at = await room();
  let hit = at.ada;
  const said = await through(halfOpen, {}, async (victim) => {
    const both = asHit(at, victim);
    hit = both.hit;
    for (const content of ["one", "two"]) await at.say(content);
    await both.other.heard(at.name, "two");
    hit.say(at.name, "mine");
    await wait(QUIET_MS);
    expect(hit.contents(at.name)).toEqual([]);
    expect(both.other.contents(at.name)).toEqual(["one", "two"]);
    expect(hit.ws.readyState).toBe(hit.ws.OPEN);
  });
  expect(said).toMatch(/^1 of 2 connections were hit, 0 frames, \d+ bytes withheld to the end$/);
  await hit.heard(at.name, "mine");
  await hit.receipt("mine");
  expect(hit.contents(at.name)).toEqual(["one", "two", "mine"]);
  await at.say("after");
  await hit.heard(at.name, "after");
});

test("E4, E58: half-open, dropped, one way: what was said is lost, the other way and the connection live on", async () => {
  const at = await room();
  let hit = at.ada;
  await through(halfOpen, { stream: "downstream", keep: "drop" }, async (victim) => {
    const both = asHit(at, victim);
    hit = both.hit;
    await at.say("lost");
    hit.say(at.name, "mine"); // upstream is open
    await both.other.heard(at.name, "mine");
    expect(both.other.contents(at.name)).toEqual(["lost", "mine"]);
    expect(hit.contents(at.name)).toEqual([]);
  });
  await at.say("after");
  await hit.heard(at.name, "after");
  expect(hit.contents(at.name)).toEqual(["after"]);
});

test.each(["hold", "drop"])(
  "E11: half-open, %s: a client that vanishes is no news to the server until the link heals",
  async (keep) => {
    const at = await room();
    const connections = () => system.series(1, "websocket_connections_active");
    expect(await connections()).toBe(3);
    await through(halfOpen, { keep }, async (victim, observed) => {
      const { hit } = asHit(at, victim);
      await at.say("unheard");
      await soon("it is withheld", observed);
      hit.ws.terminate();
      await wait(QUIET_MS);
      expect(await connections()).toBe(3);
    });
    await soon("the server hears of it", async () => (await connections()) === 2);
  },
);

test("E11: a client that is out of reach is let go by the server, and learns of it when it is back", async () => {
  const { client } = await beating("dora", "10000,0");
  const beat = setInterval(() => client.ws.send("\n"), 500);
  try {
    await through(halfOpen, { keep: "drop" }, async () => {
      const connections = () => system.series(1, "websocket_connections_active");
      expect(await connections()).toBe(1);
      await soon("the server misses its beats", async () => (await connections()) === 0);
      expect(client.ws.readyState).toBe(client.ws.OPEN); // as far as it knows
    });
    const { code } = await client.closed;
    expect(halfOpen.closes).toContain(code);
  } finally {
    clearInterval(beat);
  }
});

test("E10, E60: a held connection pushes back: little is kept in the proxy, the rest waits in the server", async () => {
  const at = await room();
  const frames = link.frames as LinkFrames;
  const id = await frames.disturb({
    label: "half-open",
    victims: 1,
    streams: ["downstream"],
    frame: "any",
    destination: "",
    nth: 1,
    count: 0,
    act: { kind: "hold" },
  });
  try {
    const [victim] = (await frames.state(id))?.victims ?? [];
    const { hit, other } = asHit(at, victim?.name ?? "");
    const large = "x".repeat(30_000);
    for (let i = 0; i < 400; i++) await at.say(`${i} ${large}`); // 12 MB: more than the sockets' own buffers take
    await other.heard(at.name, `399 ${large}`);
    const kept = (await frames.state(id))?.victims[0]?.withheldBytes ?? 0;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(2 * WAITING_BYTES_MAX); // and one read more
    expect(hit.contents(at.name)).toEqual([]);
  } finally {
    await frames.lift(id);
  }
});

test.each([
  ["head", 1002],
  ["text", 1007],
] as const)(
  "frame-corrupt, %s: the client fails the connection, and only the victim does",
  async (part, code) => {
    const at = await room();
    await through(frameCorrupt, { part }, async (victim) => {
      const { hit, other } = asHit(at, victim);
      const failed = new Promise<{ code?: string }>((resolve) => hit.ws.once("error", resolve));
      await at.say("spoilt");
      await other.heard(at.name, "spoilt");
      expect((await failed).code).toMatch(
        part === "head" ? /^WS_ERR_UNEXPECTED_RSV/ : /^WS_ERR_INVALID_UTF8/,
      );
      await hit.closed;
      expect(frameCorrupt.closes).toContain(code);
      expect(other.ws.readyState).toBe(other.ws.OPEN);
    });
  },
);

test("frame-corrupt, body: the message comes, and says something else", async () => {
  const at = await room();
  await through(frameCorrupt, {}, async (victim) => {
    const { hit, other } = asHit(at, victim);
    await at.say("aaaaaaaaaaaaaaaa");
    const heard = await other.heard(at.name, "aaaaaaaaaaaaaaaa");
    const spoilt = await hit.next(({ command }) => command === "MESSAGE");
    expect(spoilt.body).not.toBe(heard.body);
    expect(spoilt.body).toHaveLength(heard.body.length);
  });
});

test.each([
  ["command", { part: "command", frame: "SEND", stream: "upstream" }],
  ["text", { part: "text", frame: "SEND", stream: "upstream" }],
  ["head", { part: "head", frame: "SEND", stream: "upstream" }],
] as const)(
  "frame-corrupt, %s, on its way to the server: refused with a code that the fault explains",
  async (_, params) => {
    const at = await room();
    await through(frameCorrupt, params, async (victim) => {
      const { hit, other } = asHit(at, victim);
      hit.say(at.name, "spoilt");
      const { code } = await hit.closed;
      expect(frameCorrupt.closes).toContain(code);
      expect(other.contents(at.name)).toEqual([]);
    });
  },
);

test("frame-truncate, websocket: what follows is taken for its rest, and the client fails", async () => {
  const at = await room();
  await through(frameTruncate, { level: "websocket" }, async (victim) => {
    const { hit, other } = asHit(at, victim);
    const failed = new Promise((resolve) => hit.ws.once("error", resolve));
    for (const content of ["one", "two", "three"]) await at.say(content);
    await other.heard(at.name, "three");
    await failed;
    await hit.closed;
    expect(hit.contents(at.name)).toEqual([]);
  });
});

test("frame-truncate, stomp: the server never takes half a SEND for a whole one", async () => {
  const at = await room();
  await through(frameTruncate, { frame: "SEND", stream: "upstream", keepPercent: 90 }, async (victim) => {
    const { hit, other } = asHit(at, victim);
    hit.say(at.name, "cut");
    hit.say(at.name, "next");
    const { code } = await hit.closed;
    expect(frameTruncate.closes).toContain(code);
    expect(other.contents(at.name)).not.toContain("cut");
  });
});

test("two faults on one link at once, each with victims of its own, each undone by itself", async () => {
  const at = await room();
  await through(frameDuplicate, { victims: 9, count: 0 }, async () => {
    const inner = await through(receiptSwallow, { victims: 9 }, async () => {
      at.ada.say(at.name, "one");
      await at.ben.heard(at.name, "one");
    });
    expect(inner).toBe("1 of 2 connections were hit, 1 frames");
    await at.say("two");
    await at.ben.heard(at.name, "two");
    await soon("twice", async () => at.ben.contents(at.name).length === 4);
    expect(at.ben.contents(at.name)).toEqual(["one", "one", "two", "two"]);
  });
  at.ada.say(at.name, "three");
  await at.ada.receipt("three");
});

test("nobody to hit: the fault has no effect, and says so", async () => {
  const undo = await frameDrop.inject(link as never, frameDrop.params);
  expect((undo as Undo).detail?.()).toBe("0 of 0 connections");
  expect(await frameDrop.observed(link as never, frameDrop.params)).toBe(false);
  await undo[Symbol.asyncDispose]();
});

test("a link without the frame proxy refuses, with the reason", async () => {
  const bare = system.target.topology.links.find(({ name }) => name === "server-1/redis");
  await expect(frameDrop.inject(bare as never, frameDrop.params)).rejects.toThrow(
    "server-1/redis has no frame proxy",
  );
});

test("a frame proxy that died comes back at the same address, with no rule in force", async () => {
  const at = await room();
  const id = await (link.frames as LinkFrames).disturb({
    label: "test",
    victims: 9,
    streams: ["downstream"],
    frame: "any",
    destination: "",
    nth: 1,
    count: 0,
    act: { kind: "hold" },
  });
  const proxy = system.target.topology.processes.find(({ name }) => name === "frame-proxy") as Process;
  await proxy.signal("SIGKILL");
  await proxy.exited(20_000);
  await Promise.all([at.ada.closed, at.ben.closed]);
  expect(await link.roundTripMs(2_000)).toBeUndefined();
  await proxy.start();
  await soon("the link answers", async () => (await link.roundTripMs(2_000)) !== undefined);
  expect(await link.frames?.state(id)).toBeUndefined();
  expect(await link.frames?.lift(id)).toBeUndefined();
  await (await room()).say("again");
});
