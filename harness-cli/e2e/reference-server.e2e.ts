import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type IMessage, Client as StompJs } from "@stomp/stompjs";
import { SignJWT } from "jose";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import type { Link, Process } from "../../chaos/topology.ts";
import { Decoder } from "../../target-server/stomp/decode.ts";
import { encode } from "../../target-server/stomp/encode.ts";
import { type Frame, frame, type Headers } from "../../target-server/stomp/frame.ts";
import type { RunningTarget } from "../target/target.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

/** Heart-beats of 2.5 s, first message within 3 s, drain within 0.5 s. */
const TIME_SCALE = 0.1;
const BEAT_MS = 25_000 * TIME_SCALE;
const WAIT_MS = 20_000;

/** Two instances. What one user may send is proven in identity.e2e.ts; here a few users stand for many. */
const bringUp = (timeScale: number) =>
  bringUpReference(2, timeScale, { USER_RATE: "off", SESSION_RATE: "off" });

let system: ReferenceSystem;
let target: RunningTarget;
let secret: string;
let origin: string;
const open: TestClient[] = [];

beforeAll(async () => {
  system = await bringUp(TIME_SCALE);
  ({ target, secret, origin } = system);
});

afterEach(() => {
  for (const client of open.splice(0)) client.ws.terminate();
});

afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
});

/** What the server's JSON pages hold, as far as these tests look. */
interface Page {
  readonly reasons: Readonly<Record<string, string>>;
  readonly active: readonly string[];
  readonly available: readonly { readonly name: string }[];
}

const endpoint = (server: 1 | 2) => target.endpoints[server - 1]!;
const pageOf = (server: 1 | 2, page: string, of: ReferenceSystem = system) =>
  fetch(new URL(page, of.target.servers[server - 1]!.metricsUrl), { signal: AbortSignal.timeout(WAIT_MS) });
const link = (name: string): Link => target.topology.links.find((l) => l.name === name)!;
const processOf = (name: string): Process => target.topology.processes.find((p) => p.name === name)!;
const jsonOf = async (page: Promise<Response>) => (await (await page).json()) as Page;
const isReady = (server: 1 | 2) =>
  vi.waitFor(async () => expect((await pageOf(server, "/health/ready")).status).toBe(200), {
    timeout: WAIT_MS,
    interval: 20,
  });

function token(user: string, claims: { exp?: number | string; key?: string } = {}): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(user)
    .setExpirationTime(claims.exp ?? "1h")
    .sign(new TextEncoder().encode(claims.key ?? secret));
}

async function series(server: 1 | 2, name: string, of: ReferenceSystem = system): Promise<number> {
  const text = await (await pageOf(server, "/metrics", of)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** A STOMP client made of the server's own codec and `ws`, so that a test sees every frame. */
class TestClient {
  readonly ws: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #heard: (() => void)[] = [];

  constructor(url: string, headers: Headers = { origin }) {
    this.ws = new WebSocket(url, ["v12.stomp"], { headers });
    open.push(this);
    const decoder = new Decoder();
    this.ws.on("message", (data) => {
      for (const decoded of decoder.push(data as Buffer)) {
        if (decoded.kind === "frame") this.frames.push(decoded.frame);
      }
      for (const hear of this.#heard.splice(0)) hear();
    });
    this.ws.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.ws.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  static async connect(
    server: 1 | 2,
    user: string,
    beat = "0,0",
    to: ReferenceSystem = system,
  ): Promise<TestClient> {
    const client = new TestClient(to.target.endpoints[server - 1]!, { origin: to.origin });
    await new Promise((resolve, reject) => client.ws.once("open", resolve).once("error", reject));
    client.send("CONNECT", {
      "accept-version": "1.2",
      "heart-beat": beat,
      Authorization: `Bearer ${await token(user, { key: to.secret })}`,
    });
    await client.next((got) => got.command === "CONNECTED");
    return client;
  }

  send(command: string, headers: Headers = {}, body = ""): void {
    this.ws.send(encode(frame(command, headers, body)));
  }

  async subscribe(destination: string): Promise<void> {
    this.send("SUBSCRIBE", { id: destination, destination, receipt: `to ${destination}` });
    await this.receipt(`to ${destination}`);
  }

  say(room: string, clientMessageId: string, content = clientMessageId): void {
    this.send(
      "SEND",
      {
        destination: `/app/chat.send/${room}`,
        "client-message-id": clientMessageId,
        receipt: clientMessageId,
        "content-type": "application/json",
      },
      JSON.stringify({ content }),
    );
  }

  receipt(id: string): Promise<Frame> {
    return this.next((got) => got.command === "RECEIPT" && got.headers["receipt-id"] === id);
  }

  /** The first frame, past or future, that fits. */
  async next(fits: (got: Frame) => boolean): Promise<Frame> {
    const untilMs = Date.now() + WAIT_MS;
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined) return found;
      const leftMs = untilMs - Date.now();
      if (leftMs <= 0) throw new Error(`waited in vain; got ${this.#summary()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#heard.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #summary(): string {
    const last = this.frames.slice(-5).map((got) => JSON.stringify(got).slice(0, 300));
    return `${this.frames.length} frames, at last ${last.join(" ")}`;
  }

  /** Contents of a room's messages so far, in order of arrival. */
  contents(room: string): string[] {
    return this.messages(room).map((got) => JSON.parse(got.body).content as string);
  }

  messages(room: string): Frame[] {
    return this.frames.filter(
      (got) => got.command === "MESSAGE" && got.headers.destination === `/topic/room.${room}`,
    );
  }

  heard(room: string, content: string): Promise<Frame> {
    return this.next(
      (got) => got.headers.destination === `/topic/room.${room}` && JSON.parse(got.body).content === content,
    );
  }
}

let rooms = 0;
const newRoom = () => `e2e-${++rooms}`;

describe("clients of others", () => {
  test("A3, A52, A41: @stomp/stompjs chats across two instances and survives heart-beat intervals", async () => {
    const room = newRoom();
    const lost: string[] = [];
    const connect = async (server: 1 | 2, user: string) => {
      const authorization = `Bearer ${await token(user)}`;
      const heard: IMessage[] = [];
      let subscribed = () => {};
      const whenSubscribed = new Promise<void>((resolve) => {
        subscribed = resolve;
      });
      const client = new StompJs({
        // Its own choice of sub-protocols and frames; only the Origin is ours, as for any client outside a browser.
        webSocketFactory: () =>
          new WebSocket(endpoint(server), ["v12.stomp", "v11.stomp"], { origin }) as never,
        connectHeaders: { Authorization: authorization },
        heartbeatIncoming: 1_000,
        heartbeatOutgoing: 1_000,
        reconnectDelay: 0,
        onConnect: () => {
          client.watchForReceipt("subscribed", () => subscribed());
          client.subscribe(`/topic/room.${room}`, (message) => void heard.push(message), {
            receipt: "subscribed",
          });
        },
        onStompError: (error) => lost.push(error.headers.message ?? "error"),
        onWebSocketClose: (event: { code: number }) => lost.push(String(event.code)),
        onHeartbeatLost: () => lost.push("heart-beat lost"),
      });
      client.activate();
      await whenSubscribed;
      return { client, heard };
    };
    const ann = await connect(1, "ann");
    const bob = await connect(2, "bob");
    const publish = (from: StompJs, content: string) =>
      from.publish({ destination: `/app/chat.send/${room}`, body: JSON.stringify({ content }) });
    const bothHeard = (count: number) =>
      vi.waitFor(() => expect([ann.heard.length, bob.heard.length]).toEqual([count, count]), {
        timeout: WAIT_MS,
      });

    publish(ann.client, "héllo 𝄞");
    await bothHeard(1);
    publish(bob.client, "hello ann");
    await bothHeard(2);

    // Two intervals in which only heart-beats flow: without them the server gives up after one and a half.
    await pause(BEAT_MS * 2.2);
    expect(lost).toEqual([]);
    publish(ann.client, "still here");
    await bothHeard(3);

    for (const { heard } of [ann, bob]) {
      const bodies = heard.map((message) => JSON.parse(message.body));
      expect(bodies.map((body) => [body.senderId, body.content])).toEqual([
        ["ann", "héllo 𝄞"],
        ["bob", "hello ann"],
        ["ann", "still here"],
      ]);
      expect(heard.map((message) => message.headers["server-id"])).toEqual([
        "server-1",
        "server-2",
        "server-1",
      ]);
    }
    await Promise.all([ann.client.deactivate(), bob.client.deactivate()]);
    // It closes without a code, which is 1005 to both sides; anything else would be a loss.
    expect(lost).toEqual(["1005", "1005"]);
  });
});

describe("the handshake", () => {
  const upgrade = (headers: Headers, where = "/ws") =>
    new Promise<{ status: number; reason?: string; accept?: string; protocol?: string }>(
      (resolve, reject) => {
        const url = new URL(where, target.servers[0]!.metricsUrl);
        const asked = request(url, {
          headers: {
            connection: "Upgrade",
            upgrade: "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            origin,
            ...headers,
          },
          timeout: WAIT_MS,
        });
        asked.on("upgrade", (response, socket) => {
          socket.destroy();
          const { "sec-websocket-accept": accept = "", "sec-websocket-protocol": protocol = "" } =
            response.headers;
          resolve({ status: 101, accept, protocol });
        });
        asked.on("response", (response) => {
          let body = "";
          response.on("data", (chunk) => (body += chunk));
          response.on("end", () =>
            resolve({ status: response.statusCode!, reason: JSON.parse(body).reason }),
          );
        });
        asked.on("error", reject);
        asked.end();
      },
    );

  test("A1, A2, A3: the sample key of RFC 6455 gets the sample answer, and the best sub-protocol is chosen", async () => {
    expect(await upgrade({ "sec-websocket-protocol": "v10.stomp, v12.stomp" })).toEqual({
      status: 101,
      accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      protocol: "v12.stomp",
    });
    expect(await upgrade({}, "/ws/notifications")).toMatchObject({ status: 101, protocol: "" });
  });

  test.each<[string, Headers, string, number, string]>([
    ["a foreign Origin", { origin: "https://evil.example" }, "/ws", 403, "origin-not-allowed"],
    ["an unknown path", {}, "/nowhere", 404, "not-found"],
    ["an old version", { "sec-websocket-version": "8" }, "/ws", 426, "websocket-version"],
    ["a foreign sub-protocol", { "sec-websocket-protocol": "mqtt" }, "/ws", 400, "no-common-sub-protocol"],
    ["a bad key", { "sec-websocket-key": "short" }, "/ws", 400, "bad-websocket-handshake"],
    ["a lost Upgrade header", { connection: "close", upgrade: "" }, "/ws", 426, "upgrade-required"],
  ])("A4, A7: %s is refused with its own status", async (_what, headers, where, status, reason) => {
    expect(await upgrade(headers, where)).toEqual({ status, reason });
  });

  test("A20: expired, forged and missing tokens fail CONNECT with ERROR and 1008", async () => {
    const wrong = [
      `Bearer ${await token("eve", { exp: Math.floor(Date.now() / 1_000) - 10 })}`,
      `Bearer ${await token("eve", { key: "another secret" })}`,
      "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJldmUiLCJleHAiOjk5OTk5OTk5OTl9.",
      "Basic eve",
    ];
    for (const Authorization of wrong) {
      const client = new TestClient(endpoint(1));
      client.ws.once("open", () => client.send("CONNECT", { "accept-version": "1.2", Authorization }));
      expect(await client.closed).toMatchObject({ code: 1008 });
      expect(client.frames.map((got) => got.command)).toEqual(["ERROR"]);
    }
  });

  test("A57: who says nothing is closed after the deadline", async () => {
    expect(await new TestClient(endpoint(1)).closed).toEqual({ code: 1008, reason: "no CONNECT in time" });
  });
});

describe("messages", () => {
  test("A41, A51, A89, A93, A110, A143: every subscriber on every instance gets it once, as the DTO and no more", async () => {
    const room = newRoom();
    const [ann, bob] = [await TestClient.connect(1, "ann"), await TestClient.connect(2, "bob")];
    await Promise.all([ann.subscribe(`/topic/room.${room}`), bob.subscribe(`/topic/room.${room}`)]);
    for (let n = 0; n < 20; n++) (n % 2 === 0 ? ann : bob).say(room, `${room}-${n}`);
    await Promise.all(
      [ann, bob].flatMap((c) => Array.from({ length: 20 }, (_, n) => c.heard(room, `${room}-${n}`))),
    );

    const [first] = ann.messages(room);
    const dto = JSON.parse(first!.body);
    expect(Object.keys(dto).sort()).toEqual(["content", "id", "roomId", "senderId", "seq", "ts"]);
    expect(first!.headers).toMatchObject({
      "message-id": dto.id,
      seq: String(dto.seq),
      subscription: `/topic/room.${room}`,
      "content-type": "application/json",
    });
    for (const client of [ann, bob]) {
      expect(client.messages(room).map((got) => Number(got.headers.seq))).toEqual(
        Array.from({ length: 20 }, (_, n) => n + 1),
      );
    }
    expect(ann.contents(room)).toEqual(bob.contents(room));
  });

  test("A144: a SEND that is repeated on another instance gets its receipt and nothing else happens", async () => {
    const room = newRoom();
    const [first, second] = [await TestClient.connect(1, "ann"), await TestClient.connect(2, "ann")];
    await second.subscribe(`/topic/room.${room}`);
    first.say(room, `${room}-once`);
    await first.receipt(`${room}-once`);
    second.say(room, `${room}-once`);
    await second.receipt(`${room}-once`);
    second.say(room, `${room}-end`);
    await second.heard(room, `${room}-end`);
    expect(second.contents(room)).toEqual([`${room}-once`, `${room}-end`]);
  });

  test("A37, A78, A79: a receipt means the row is in Postgres", async () => {
    const nonce = newRoom().replace("-", "");
    const ann = await TestClient.connect(1, "ann");
    for (let n = 0; n < 5; n++) {
      ann.say("audited", `${nonce}-0-${n}`);
      await ann.receipt(`${nonce}-0-${n}`);
      expect(await target.audit!(nonce)).toMatchObject({ rows: n + 1 });
    }
  });

  test("A50, A40: a payload that is no chat message is rejected on the reply queue, the session goes on", async () => {
    const ann = await TestClient.connect(1, "ann");
    await ann.subscribe("/user/queue/reply");
    const bodies = [
      "",
      "{",
      "[]",
      "{}",
      '{"content":1}',
      '{"content":"a","admin":true}',
      '{"content":"\\u0000"}',
    ];
    for (const [n, body] of bodies.entries()) {
      ann.send("SEND", { destination: "/app/chat.send/room", receipt: `bad-${n}` }, body);
      const reply = await ann.next((got) => got.headers["receipt-id"] === `bad-${n}`);
      expect([reply.command, reply.headers.outcome]).toEqual(["MESSAGE", "rejected"]);
    }
    ann.say("room", newRoom());
    await ann.receipt(`e2e-${rooms}`);
  });

  test.each(["/topic/room.a", "/queue/x", "/app/nothing", "/app/chat.send/", "/app/chat.send/a b"])(
    "A32: SEND to %s is answered by ERROR and 1008",
    async (destination) => {
      const ann = await TestClient.connect(1, "ann");
      ann.send("SEND", { destination }, '{"content":"x"}');
      expect((await ann.closed).code).toBe(1008);
      expect(ann.frames.at(-1)?.command).toBe("ERROR");
    },
  );
});

describe("limits", () => {
  test("A61: too much for one message is closed with 1009", async () => {
    const ann = await TestClient.connect(1, "ann");
    ann.say("room", "big", "x".repeat(70_000));
    expect((await ann.closed).code).toBe(1009);
  });

  test("A13, A76: what is no STOMP is closed with 1002", async () => {
    const ann = await TestClient.connect(1, "ann");
    ann.ws.send("GET / HTTP/1.1\r\n\r\n");
    expect((await ann.closed).code).toBe(1002);
  });

  test("A54: a client that promised heart-beats and sends none is closed after 1.5 intervals", async () => {
    const mute = await TestClient.connect(1, "mute", "1000,0");
    const sinceMs = performance.now();
    expect(await mute.closed).toEqual({ code: 1002, reason: "heart-beat missed" });
    const silentMs = performance.now() - sinceMs;
    expect(silentMs).toBeGreaterThan(BEAT_MS * 1.4);
    expect(silentMs).toBeLessThan(BEAT_MS * 2.5);
  });

  test("A65: a client that does not read is evicted with 1013, others in its room get everything", async () => {
    // At full time scale: the reader shares this machine, and must not be blamed for its pace.
    await using unscaled = await bringUp(1);
    const room = newRoom();
    const connect = (server: 1 | 2, user: string) => TestClient.connect(server, user, "0,0", unscaled);
    const [slow, reader, ann] = [
      await connect(1, "slow"),
      await connect(1, "reader"),
      await connect(2, "ann"),
    ];
    await Promise.all([slow.subscribe(`/topic/room.${room}`), reader.subscribe(`/topic/room.${room}`)]);
    slow.ws.pause();
    // Some megabytes vanish in the proxy and the kernel first.
    const sent: string[] = [];
    while ((await series(1, 'websocket_evictions_total{reason="bytes"}', unscaled)) === 0) {
      expect(sent.length).toBeLessThan(1_000);
      for (let n = 0; n < 20; n++) {
        sent.push(`${sent.length}`.padEnd(50_000, "x"));
        ann.say(room, `${room}-${sent.length}`, sent.at(-1));
      }
      await reader.heard(room, sent.at(-1)!);
    }
    expect(reader.contents(room)).toEqual(sent);
    slow.ws.resume();
    expect(await slow.closed).toEqual({ code: 1013, reason: "slow-consumer" });
    expect(slow.messages(room).length).toBeLessThan(sent.length);
  });
});

describe("when a store is away", () => {
  test("A79, A127, A128, I76: without Postgres a SEND is rejected, nobody hears it, beats go on, and recovery is quick", async () => {
    const room = newRoom();
    const [ann, bob] = [await TestClient.connect(1, "ann", "0,1000"), await TestClient.connect(2, "bob")];
    await Promise.all([
      ann.subscribe("/user/queue/reply"),
      ann.subscribe(`/topic/room.${room}`),
      bob.subscribe(`/topic/room.${room}`),
    ]);
    ann.say(room, `${room}-before`);
    await bob.heard(room, `${room}-before`);

    await link("server-1/postgres").cut();
    try {
      ann.say(room, `${room}-during`);
      const reply = await ann.next((got) => got.headers["receipt-id"] === `${room}-during`);
      expect(reply.command).toBe("MESSAGE");
      expect(reply.headers.outcome).toMatch(/rejected|unknown/);
      expect((await pageOf(1, "/health/ready")).status).toBe(503);
      expect(Object.keys((await jsonOf(pageOf(1, "/health/ready"))).reasons)).toEqual(["postgres"]);
      expect((await pageOf(1, "/health/live")).status).toBe(200);
    } finally {
      await link("server-1/postgres").mend();
    }
    const mendedMs = performance.now();
    await isReady(1);
    ann.say(room, `${room}-after`);
    await ann.receipt(`${room}-after`);
    expect(performance.now() - mendedMs).toBeLessThan(2_000);
    await bob.heard(room, `${room}-after`);
    expect(bob.contents(room)).toEqual([`${room}-before`, `${room}-after`]);
  });

  test("A79, I76: a Postgres connection that breaks under an INSERT costs that answer, not the instance", async () => {
    const room = newRoom();
    const ann = await TestClient.connect(1, "ann");
    await ann.subscribe("/user/queue/reply");
    const pid = processOf("server-1").pid();
    const { url } = target.topology.stores.find(({ name }) => name === "postgres")!;
    // One holds the lock; the other looks, since a transaction keeps seeing what it saw first.
    const [holder, watcher] = [new pg.Client(url), new pg.Client(url)];
    await Promise.all([holder.connect(), watcher.connect()]);
    try {
      await holder.query("BEGIN; LOCK TABLE chat_messages IN ACCESS EXCLUSIVE MODE");
      ann.say(room, `${room}-held`);
      const held = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'";
      await vi.waitFor(async () => expect((await watcher.query(held)).rowCount).toBeGreaterThan(0), {
        timeout: WAIT_MS,
        interval: 10,
      });
      await link("server-1/postgres").cut();
      const reply = await ann.next((got) => got.headers["receipt-id"] === `${room}-held`);
      expect(reply.headers.outcome).toBe("unknown");
    } finally {
      await Promise.all([holder.end(), watcher.end()]);
      await link("server-1/postgres").mend();
    }
    await isReady(1);
    expect(processOf("server-1").pid()).toBe(pid);
    ann.say(room, `${room}-after`);
    await ann.receipt(`${room}-after`);
  });

  test("I76: a Postgres that swallows everything cannot hang a SEND, a session or the health page", async () => {
    const ann = await TestClient.connect(1, "ann");
    await ann.subscribe("/user/queue/reply");
    const postgres = link("server-1/postgres");
    await postgres.addToxic({
      name: "hole",
      type: "timeout",
      stream: "downstream",
      attributes: { timeout: 0 },
    });
    try {
      const sinceMs = performance.now();
      ann.say("hole", newRoom());
      const reply = await ann.next((got) => got.headers["receipt-id"] === `e2e-${rooms}`);
      expect(reply.headers.outcome).toBe("unknown");
      expect((await pageOf(1, "/health/ready")).status).toBe(503);
      expect(performance.now() - sinceMs).toBeLessThan(6_000);
      await ann.subscribe("/topic/room.others");
    } finally {
      await postgres.removeToxic("hole");
    }
    await isReady(1);
  });

  test("A98, A104: Redis is killed; what is confirmed meanwhile comes later, in order, exactly once", async () => {
    const room = newRoom();
    const [ann, bob] = [await TestClient.connect(1, "ann"), await TestClient.connect(2, "bob")];
    await Promise.all([ann.subscribe(`/topic/room.${room}`), bob.subscribe(`/topic/room.${room}`)]);
    const sent: string[] = [];
    const say = async (name: string) => {
      sent.push(`${room}-${name}`);
      ann.say(room, `${room}-${name}`);
      await ann.receipt(`${room}-${name}`);
    };
    for (const name of ["1", "2", "3"]) await say(name);
    await bob.heard(room, `${room}-3`);

    const redis = processOf("redis");
    await redis.signal("SIGKILL");
    await redis.exited(WAIT_MS);
    for (const name of ["4", "5", "6"]) await say(name);
    expect(bob.contents(room)).toEqual(sent.slice(0, 3));
    expect((await pageOf(2, "/health/ready")).status).toBe(503);
    await redis.start();
    await Promise.all([isReady(1), isReady(2)]);
    await say("7");

    await Promise.all([ann.heard(room, `${room}-7`), bob.heard(room, `${room}-7`)]);
    for (const client of [ann, bob]) {
      expect(client.contents(room)).toEqual(sent);
      expect(client.messages(room).map((got) => Number(got.headers.seq))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    }
  });

  test("A90: an instance that was cut off from Redis replays what the others said meanwhile", async () => {
    const room = newRoom();
    const [ann, bob] = [await TestClient.connect(1, "ann"), await TestClient.connect(2, "bob")];
    await Promise.all([ann.subscribe(`/topic/room.${room}`), bob.subscribe(`/topic/room.${room}`)]);
    await link("server-2/redis").cut();
    try {
      for (const name of ["1", "2"]) ann.say(room, `${room}-${name}`);
      await ann.heard(room, `${room}-2`);
      bob.say(room, `${room}-3`);
      await bob.receipt(`${room}-3`);
      expect(bob.contents(room)).toEqual([]);
    } finally {
      await link("server-2/redis").mend();
    }
    await Promise.all([ann.heard(room, `${room}-3`), bob.heard(room, `${room}-3`)]);
    for (const client of [ann, bob])
      expect(client.contents(room)).toEqual(["1", "2", "3"].map((n) => `${room}-${n}`));
    expect(await series(2, "relay_replayed_total")).toBeGreaterThanOrEqual(2);
  });

  test("A79: an instance dies between storing and publishing; another one publishes what it confirmed", async () => {
    const room = newRoom();
    const [ann, bob] = [await TestClient.connect(1, "ann"), await TestClient.connect(2, "bob")];
    await bob.subscribe(`/topic/room.${room}`);
    await link("server-1/redis").cut();
    try {
      ann.say(room, `${room}-orphan`);
      await ann.receipt(`${room}-orphan`);
      await processOf("server-1").signal("SIGKILL");
      await processOf("server-1").exited(WAIT_MS);
    } finally {
      await link("server-1/redis").mend();
    }
    const orphan = await bob.heard(room, `${room}-orphan`);
    expect(orphan.headers["server-id"]).toBe("server-1");
    await processOf("server-1").start();
    await isReady(1);
    expect(bob.contents(room)).toEqual([`${room}-orphan`]);
  });
});

describe("a planned stop", () => {
  test("A47, A120, A121–A125: notice to its own clients only, then 1012, not ready at once, nothing confirmed lost, exit 0", async () => {
    const room = newRoom();
    const [leaving, staying] = [
      await Promise.all(["a", "b", "c", "d"].map((user) => TestClient.connect(2, user))),
      await TestClient.connect(1, "ann"),
    ];
    await Promise.all(
      [...leaving, staying].flatMap((c) => [
        c.subscribe("/topic/server.events"),
        c.subscribe(`/topic/room.${room}`),
      ]),
    );
    leaving[0]!.say(room, `${room}-last`);
    await processOf("server-2").signal("SIGTERM");

    const closes = await Promise.all(leaving.map((client) => client.closed));
    expect(closes.map((close) => close.code)).toEqual([1012, 1012, 1012, 1012]);
    for (const client of leaving) {
      const notice = client.frames.find((got) => got.headers.destination === "/topic/server.events");
      expect(JSON.parse(notice!.body)).toEqual({
        type: "shutdown",
        serverId: "server-2",
        reconnectAfterMs: { min: expect.any(Number), max: expect.any(Number) },
      });
    }
    expect(await processOf("server-2").exited(WAIT_MS)).toMatchObject({ code: 0, signal: null });
    expect(staying.frames.filter((got) => got.headers.destination === "/topic/server.events")).toEqual([]);
    if (leaving[0]!.frames.some((got) => got.headers["receipt-id"] === `${room}-last`)) {
      await staying.heard(room, `${room}-last`);
    }
    await processOf("server-2").start();
    await isReady(2);
  });

  test("A121: while it drains it is not ready and lets nobody in", async () => {
    const { metricsUrl } = target.servers[1]!;
    const bob = await TestClient.connect(2, "bob");
    bob.ws.pause(); // so that its close takes as long as the server allows
    await processOf("server-2").signal("SIGTERM");
    await vi.waitFor(async () => expect((await pageOf(2, "/health/ready")).status).toBe(503), {
      timeout: WAIT_MS,
      interval: 5,
    });
    expect((await jsonOf(pageOf(2, "/health/ready"))).reasons).toMatchObject({ server: "draining" });
    const status = await new Promise<number>((resolve, reject) => {
      const ws = new WebSocket(new URL("/ws", metricsUrl.replace("http", "ws")), { origin });
      ws.on("unexpected-response", (_request, response) => resolve(response.statusCode!));
      ws.on("open", () => resolve(101));
      ws.on("error", reject);
    });
    expect(status).toBe(503);
    await processOf("server-2").signal("SIGTERM");
    expect(await processOf("server-2").exited(WAIT_MS)).toMatchObject({ code: 1 });
    await processOf("server-2").start();
    await isReady(2);
  });
});

test("D41–D59: the counters agree with what happened", async () => {
  const room = newRoom();
  const names = [
    "websocket_connections_active",
    "websocket_messages_received_total",
    "relay_published_total",
  ];
  await vi.waitFor(async () => expect(await series(1, names[0]!)).toBe(0), { timeout: WAIT_MS });
  const before = await Promise.all(names.map((name) => series(1, name)));
  const ann = await TestClient.connect(1, "ann");
  await ann.subscribe(`/topic/room.${room}`);
  for (let n = 0; n < 7; n++) ann.say(room, `${room}-${n}`);
  await ann.heard(room, `${room}-6`);
  await vi.waitFor(
    async () => {
      const after = await Promise.all(names.map((name) => series(1, name)));
      expect(after.map((value, n) => value - before[n]!)).toEqual([1, 7, 7]);
    },
    { timeout: WAIT_MS },
  );
  const mutants = await jsonOf(pageOf(1, "/internal/mutants"));
  expect(mutants.active).toEqual([]);
  expect(mutants.available.map((one) => one.name)).toContain("abrupt-close-1006");
});
