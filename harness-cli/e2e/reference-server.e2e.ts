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

/** Real times but for these. A beat may be late by half of itself: by more than this machine ever stands still. */
const TIME_SCALE = 1;
const BEAT_MS = 6_000;
const FIRST_MESSAGE_MS = 8_000;
const WAIT_MS = 30_000;
/** What one user may do is proven in identity.e2e.ts; here a few users stand for many. */
const settings = {
  USER_RATE: "off",
  SESSION_RATE: "off",
  MAX_SESSIONS_PER_USER: "1000",
  HEARTBEAT_MS: String(BEAT_MS),
  FIRST_MESSAGE_MS: String(FIRST_MESSAGE_MS),
  DRAIN_MS: "500",
};

let system: ReferenceSystem;
let target: RunningTarget;
let secret: string;
let origin: string;
const open: TestClient[] = [];

beforeAll(async () => {
  system = await bringUpReference(2, TIME_SCALE, settings);
  ({ target, secret, origin } = system);
});

const closeAll = () => {
  for (const client of open.splice(0)) client.ws.terminate();
};

afterAll(async () => {
  closeAll();
  await system?.[Symbol.asyncDispose]();
});

/** What the server's JSON pages hold, as far as these tests look. */
interface Page {
  readonly reasons: Readonly<Record<string, string>>;
  readonly pool: Readonly<Record<string, number>>;
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
    for (let looked = 0; ; ) {
      for (; looked < this.frames.length; looked++)
        if (fits(this.frames[looked]!)) return this.frames[looked]!;
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

  /** Contents of a room's messages so far, in order of arrival; of one subscription where it is named. */
  contents(room: string, subscription?: string): string[] {
    return this.messages(room)
      .filter((got) => subscription === undefined || got.headers.subscription === subscription)
      .map((got) => JSON.parse(got.body).content as string);
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

// They share the instances and nothing else, and some only wait.
describe.concurrent("while nothing fails", () => {
  afterAll(closeAll);

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
          heartbeatIncoming: BEAT_MS,
          heartbeatOutgoing: BEAT_MS,
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

      // Only heart-beats flow: without them the server gives up after one and a half intervals.
      await pause(BEAT_MS * 1.7);
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
      // It closes without a code, which is 1005 to both sides, or is closed with 1000 where it took a second for that;
      // anything else would be a loss.
      expect(lost.map((what) => what.replace("1000", "1005"))).toEqual(["1005", "1005"]);
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
      const sinceMs = performance.now();
      expect(await new TestClient(endpoint(1)).closed).toEqual({ code: 1008, reason: "no CONNECT in time" });
      expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(FIRST_MESSAGE_MS);
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
      // A RECEIPT says stored, not published: another instance's message might be published before it.
      await second.heard(room, `${room}-once`);
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

    test("A84: the tables of the sources are there, and an outbox of what is stored and not published", async () => {
      const client = new pg.Client(target.topology.stores.find(({ name }) => name === "postgres")!.url);
      await client.connect();
      try {
        const tables = {
          chat_messages: ["id", "room_id", "sender_id", "content", "status", "created_at", "published"],
          notifications: ["user_id", "is_read", "created_at"],
          message_receipts: ["message_id", "user_id", "status", "timestamp"],
          rooms: ["id"],
          room_members: ["room_id", "user_id"],
        };
        const { rows } = await client.query(
          "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'",
        );
        const has = new Set(rows.map((row) => `${row.table_name}.${row.column_name}`));
        const wanted = Object.entries(tables).flatMap(([table, names]) =>
          names.map((name) => `${table}.${name}`),
        );
        expect(wanted.filter((one) => !has.has(one))).toEqual([]);
        const indexes = await client.query("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'");
        const definitions = indexes.rows.map((row) => row.indexdef as string);
        expect(definitions).toContainEqual(
          expect.stringMatching(/UNIQUE .*message_receipts .*\(message_id, user_id\)/),
        );
        expect(definitions).toContainEqual(
          expect.stringMatching(/chat_messages_outbox .* WHERE \(NOT published\)/),
        );
      } finally {
        await client.end();
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
      const good = newRoom();
      ann.say("room", good);
      await ann.receipt(good);
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
      const sinceMs = performance.now();
      const mute = await TestClient.connect(1, "mute", `${BEAT_MS},0`);
      expect(await mute.closed).toEqual({ code: 1002, reason: "heart-beat missed" });
      expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(BEAT_MS * 1.5);
    });

    test("A65, A66: a client that does not read is evicted with 1013, others in its room get everything, and so does it when it comes back", async () => {
      const room = newRoom();
      const where = `/topic/room.${room}`;
      // What waits for it shall be the reason, not its age or that it answers no ping, however long this takes.
      await using patient = await bringUpReference(1, TIME_SCALE, {
        ...settings,
        HEARTBEAT_MS: "600000",
        EVICT_AGE_MS: "600000",
      });
      const connect = (user: string) => TestClient.connect(1, user, "0,0", patient);
      const [slow, reader, ann] = [await connect("slow"), await connect("reader"), await connect("ann")];
      await Promise.all([slow.subscribe(where), reader.subscribe(where)]);
      // It hears everything five times: some megabytes vanish in the proxy and the kernel first.
      for (const n of [1, 2, 3, 4])
        slow.send("SUBSCRIBE", { id: `again-${n}`, destination: where, receipt: `${n}` });
      await slow.receipt("4");
      slow.ws.pause();
      const sent: string[] = [];
      while ((await series(1, 'websocket_evictions_total{reason="bytes"}', patient)) === 0) {
        expect(sent.length).toBeLessThan(500);
        // One at a time, so that the reader never has more than that waiting.
        sent.push(`${sent.length}`.padEnd(50_000, "x"));
        ann.say(room, `${room}-${sent.length}`, sent.at(-1));
        // By its number: to read all the contents again and again would cost more than everything else here.
        await reader.next((got) => got.headers.seq === String(sent.length));
      }
      expect(reader.contents(room)).toEqual(sent);
      slow.ws.resume();
      expect(await slow.closed).toEqual({ code: 1013, reason: "slow-consumer" });
      const seen = slow.contents(room, where);
      expect(seen.length).toBeLessThan(sent.length);

      // Nobody is there now: this waits in the offline buffer.
      ann.send(
        "SEND",
        { destination: "/app/dm.send", receipt: "dm" },
        JSON.stringify({ recipientId: "slow", content: "for you" }),
      );
      await ann.receipt("dm");

      const back = await connect("slow");
      await back.subscribe("/user/queue/direct-messages");
      const direct = await back.next((got) => got.headers.destination === "/user/queue/direct-messages");
      expect(JSON.parse(direct.body).content).toBe("for you");
      back.send("SUBSCRIBE", { id: where, destination: where, "last-seen-sequence": `${seen.length}` });
      await back.next((got) => got.headers.seq === String(sent.length));
      expect([...seen, ...back.contents(room)]).toEqual(sent);
    });
  });
});

describe("when a store is away", () => {
  afterEach(closeAll);

  test("A79, A127, A128, I76: without Postgres a SEND is rejected, nobody hears it, the instance stays alive, and is ready again by itself", async () => {
    const room = newRoom();
    const [ann, bob] = [await TestClient.connect(1, "ann"), await TestClient.connect(2, "bob")];
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
    await isReady(1);
    ann.say(room, `${room}-after`);
    await ann.receipt(`${room}-after`);
    await bob.heard(room, `${room}-after`);
    expect(bob.contents(room)).toEqual([`${room}-before`, `${room}-after`]);
  });

  test("A79, A83, I76: a Postgres connection that breaks under an INSERT costs that answer, not the instance; the health page shows the pool", async () => {
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
      const { pool } = await jsonOf(pageOf(1, "/actuator/health"));
      // At least the one that is held: what looks for left-behind messages may wait for the same lock.
      expect(pool.used).toBeGreaterThanOrEqual(1);
      expect(pool).toEqual({ used: pool.used, idle: expect.any(Number), waiting: 0, max: 20 });
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
      const id = newRoom();
      ann.say("hole", id);
      const reply = await ann.next((got) => got.headers["receipt-id"] === id);
      // Rejected where not even a connection could be had.
      expect(reply.headers.outcome).toMatch(/rejected|unknown/);
      expect((await pageOf(1, "/health/ready")).status).toBe(503);
      await ann.subscribe("/topic/room.others");
    } finally {
      await postgres.removeToxic("hole");
    }
    await isReady(1);
  });

  test("A96, I76: a Redis that swallows everything ends each command by its deadline; what it should publish waits in the outbox", async () => {
    const room = newRoom();
    const [ann, bob] = [await TestClient.connect(1, "ann"), await TestClient.connect(2, "bob")];
    await bob.subscribe(`/topic/room.${room}`);
    const redis = link("server-1/redis");
    await redis.addToxic({ name: "hole", type: "timeout", stream: "downstream", attributes: { timeout: 0 } });
    try {
      for (const n of ["1", "2"]) {
        ann.say(room, `${room}-${n}`);
        await ann.receipt(`${room}-${n}`);
      }
      expect(Object.keys((await jsonOf(pageOf(1, "/health/ready"))).reasons)).toEqual(["redis"]);
      const headers = { authorization: `Bearer ${await token("ann")}` };
      const asked = { method: "POST", headers, signal: AbortSignal.timeout(WAIT_MS) };
      expect((await fetch(system.page(1, "/api/ws-ticket"), asked)).status).toBe(503);
      expect((await pageOf(1, "/health/live")).status).toBe(200);
      expect(await series(1, 'work_queue_depth{queue="outbox"}')).toBe(2);
    } finally {
      await redis.removeToxic("hole");
    }
    await bob.heard(room, `${room}-2`);
    expect(bob.contents(room)).toEqual([`${room}-1`, `${room}-2`]);
    await isReady(1);
    await vi.waitFor(async () => expect(await series(1, 'work_queue_depth{queue="outbox"}')).toBe(0), {
      timeout: WAIT_MS,
    });
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
  afterEach(closeAll);

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
    // So long that nobody can sleep through it.
    await using leaving = await bringUpReference(1, TIME_SCALE, { ...settings, DRAIN_MS: "60000" });
    const server = leaving.target.topology.processes.find(({ name }) => name === "server-1")!;
    await TestClient.connect(1, "bob", "0,0", leaving);
    await server.signal("SIGTERM");
    const readiness = () => pageOf(1, "/health/ready", leaving);
    await vi.waitFor(async () => expect((await readiness()).status).toBe(503), {
      timeout: WAIT_MS,
      interval: 20,
    });
    expect((await jsonOf(readiness())).reasons).toMatchObject({ server: "draining" });
    const status = await new Promise<number>((resolve, reject) => {
      const ws = new WebSocket(leaving.page(1, "/ws"), { origin: leaving.origin });
      ws.on("unexpected-response", (_request, response) => resolve(response.statusCode!));
      ws.on("open", () => resolve(101));
      ws.on("error", reject);
    });
    expect(status).toBe(503);
    // Whoever asks again does not want to wait.
    await server.signal("SIGTERM");
    expect(await server.exited(WAIT_MS)).toMatchObject({ code: 1 });
  });
});

test("D41–D59: the counters agree with what happened", async () => {
  const room = newRoom();
  const names = [
    "websocket_connections_active",
    "websocket_messages_received_total",
    "relay_published_total",
  ];
  closeAll();
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
