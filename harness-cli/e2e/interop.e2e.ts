import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type IMessage, Client as StompJs } from "@stomp/stompjs";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { frame, type Headers, type Version } from "../../target-server/stomp/frame.ts";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";
import { type PythonEvent, pythonWithStomp, stompPyClient } from "./stomp-py.ts";

/** Real times but for the beats. One may be late by half of itself: by more than this machine ever stands still. */
const TIME_SCALE = 1;
const BEAT_MS = 6_000;
const settings = {
  HEARTBEAT_MS: String(BEAT_MS),
  SOCKJS_HEARTBEAT_MS: String(BEAT_MS),
  DRAIN_MS: "100",
};
const WAIT_MS = 30_000;

let system: ReferenceSystem;
const open: RawStompClient[] = [];

beforeAll(async () => {
  system = await bringUpReference(3, TIME_SCALE, settings);
});
const closeAll = () => {
  for (const client of open.splice(0)) client.ws.terminate();
};
afterAll(async () => {
  closeAll();
  await system?.[Symbol.asyncDispose]();
});

let rooms = 0;
const newRoom = () => `interop-${++rooms}`;

async function raw(server: number, user: string, version?: Version): Promise<RawStompClient> {
  const client = await RawStompClient.connect(system, server, user, version);
  open.push(client);
  return client;
}

/** A page's browser adds its Origin to every request; sockjs-client on Node has no way to. */
class PageAgent extends http.Agent {
  readonly #origin: string;
  constructor(origin: string) {
    super();
    this.#origin = origin;
  }
  addRequest(request: http.ClientRequest, ...rest: unknown[]): void {
    request.setHeader("origin", this.#origin);
    // @ts-expect-error Node's own hook for agents, not in its published types
    super.addRequest(request, ...rest);
  }
}

type Transport = "websocket" | "xhr-streaming" | "xhr-polling";

/** Of sockjs-client, as far as it is used here. */
interface SockJs {
  readonly transport: Transport | null;
  onopen: (() => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  send(text: string): void;
  close(): void;
}
type SockJsClass = new (url: string, protocols: null, options: object) => SockJs;

async function sockJs(server: number, transport: Transport): Promise<() => SockJs> {
  // By a name that the compiler does not look up: the package has no types of its own.
  const name = "sockjs-client";
  const { default: SockJS } = (await import(name)) as { default: SockJsClass };
  const url = `${system.endpoint(server).replace("ws:", "http:")}/sockjs`;
  const options = {
    transports: [transport],
    transportOptions: { websocket: { headers: { Origin: system.origin } } },
    // At least, for the first answer: this machine is busy.
    timeout: WAIT_MS,
  };
  return () => new SockJS(url, null, options);
}

interface Chatter {
  readonly client: StompJs;
  readonly heard: IMessage[];
  readonly closes: number[];
  readonly errors: string[];
}

/** @stomp/stompjs, subscribed to a room, with the socket it is given. */
async function chatter(user: string, room: string, socket: () => unknown, ack = "auto"): Promise<Chatter> {
  const heard: IMessage[] = [];
  const closes: number[] = [];
  const errors: string[] = [];
  const authorization = `Bearer ${await system.token(user)}`;
  const subscribed = Promise.withResolvers<void>();
  const client = new StompJs({
    webSocketFactory: socket as never,
    connectHeaders: { Authorization: authorization },
    heartbeatIncoming: BEAT_MS,
    heartbeatOutgoing: BEAT_MS,
    reconnectDelay: 0,
    onConnect: () => {
      client.watchForReceipt("subscribed", () => subscribed.resolve());
      client.subscribe(
        `/topic/room.${room}`,
        (message) => {
          heard.push(message);
          if (ack !== "auto") message.ack();
        },
        { receipt: "subscribed", ack },
      );
    },
    onStompError: (error) => errors.push(error.headers.message ?? "error"),
    onWebSocketClose: (event: { code: number }) => closes.push(event.code),
  });
  client.activate();
  await subscribed.promise;
  return { client, heard, closes, errors };
}

const contents = (heard: readonly IMessage[]) => heard.map((one) => JSON.parse(one.body).content as string);

// Nobody here disturbs another, and most of the time is silence that is waited for.
describe.concurrent("with time", () => {
  const ownAgent = http.globalAgent;
  beforeAll(() => {
    http.globalAgent = new PageAgent(system.origin);
  });
  afterAll(() => {
    closeAll();
    http.globalAgent.destroy();
    http.globalAgent = ownAgent;
  });

  describe("@stomp/stompjs over sockjs-client", () => {
    test.each<Transport>(["websocket", "xhr-streaming", "xhr-polling"])(
      "A15: %s chats with a plain WebSocket of another instance, survives its idle limits, leaves cleanly",
      async (transport) => {
        const room = newRoom();
        const plain = await raw(2, `plain-${transport}`);
        await plain.subscribe(`/topic/room.${room}`);
        const sockets: SockJs[] = [];
        const connect = await sockJs(1, transport);
        const sock = await chatter(`sock-${transport}`, room, () => {
          const socket = connect();
          sockets.push(socket);
          return socket;
        });
        expect(sockets.map((socket) => socket.transport)).toEqual([transport]);

        const said = ["héllo 𝄞", 'quotes " and \\ and \n lines', "x".repeat(20_000)];
        for (const [n, content] of said.entries()) {
          sock.client.publish({
            destination: `/app/chat.send/${room}`,
            body: JSON.stringify({ content: `${n} ${content}` }),
          });
          plain.say(room, `${n} back`);
          await Promise.all([plain.heard(room, `${n} ${content}`), plain.heard(room, `${n} back`)]);
        }
        await vi.waitFor(() => expect(sock.heard.length).toBe(6), { timeout: WAIT_MS });
        expect(contents(sock.heard)).toEqual(plain.contents(room));

        // Longer than the silence of 1.5 intervals that any client is allowed: only beats flow.
        await pause(BEAT_MS * 1.7);
        plain.say(room, "still there?");
        await vi.waitFor(() => expect(contents(sock.heard).at(-1)).toBe("still there?"), {
          timeout: WAIT_MS,
        });
        expect([sock.closes, sock.errors]).toEqual([[], []]);

        await sock.client.deactivate();
        plain.ws.close();
      },
    );

    test.each<Transport>(["websocket", "xhr-streaming", "xhr-polling"])(
      "A48, A76: over %s a forbidden SEND is ERROR and then close 1008",
      async (transport) => {
        const connect = await sockJs(2, transport);
        const sock = await chatter(`rude-${transport}`, newRoom(), connect);
        sock.client.publish({ destination: "/topic/room.direct", body: "{}" });
        await vi.waitFor(() => expect(sock.closes).toEqual([1008]), { timeout: WAIT_MS });
        expect(sock.errors.length).toBe(1);
      },
    );
  });

  describe("pings", () => {
    test("A55: the server pings whatever the client says, and who only answers stays", async () => {
      const [client, talker] = [await raw(1, "quiet"), await raw(1, "talker")];
      const talks = setInterval(() => talker.ws.send("\n"), 500);
      // Two are two intervals: more than the one and a half after which a silent client is closed.
      const twoPings = (of: RawStompClient) =>
        new Promise<void>((resolve) => {
          let pings = 0;
          of.ws.on("ping", () => {
            if (++pings === 2) resolve();
          });
        });
      await Promise.all([client, talker].map(twoPings)).finally(() => clearInterval(talks));
      expect(client.ws.readyState).toBe(WebSocket.OPEN);
      client.say("pings", "still here");
      await client.receipt("still here");
    });

    test("A55, A56: a client that answers no ping is closed after one and a half intervals", async () => {
      const { origin } = system;
      const token = await system.token("no-pong");
      const ws = new WebSocket(system.endpoint(1), ["v12.stomp"], { headers: { origin }, autoPong: false });
      await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
      const sinceMs = performance.now();
      ws.send(`CONNECT\naccept-version:1.2\nAuthorization:Bearer ${token}\n\n\0`);
      const [code, reason] = await new Promise<[number, string]>((resolve) => {
        ws.on("close", (code, reason) => resolve([code, String(reason)]));
      });
      expect([code, reason]).toEqual([1002, "no sign of life"]);
      expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(BEAT_MS * 1.5);
    });
  });
});

test("A15, A58: who left by SockJS, or was sent away, is not counted any more", async () => {
  await vi.waitFor(
    async () => {
      const active = [1, 2, 3].map((server) => system.series(server, "websocket_connections_active"));
      expect(await Promise.all(active)).toEqual([0, 0, 0]);
    },
    { timeout: WAIT_MS },
  );
});

describe("@stomp/stompjs, plain", () => {
  afterEach(closeAll);

  test.each(["client", "client-individual"])("A35: acknowledges by %s, on a third instance", async (ack) => {
    const room = newRoom();
    const socket = () =>
      new WebSocket(system.endpoint(3), ["v12.stomp", "v11.stomp"], { origin: system.origin });
    const js = await chatter(`js-${ack}`, room, socket, ack);
    const plain = await raw(1, `plain-${ack}`);
    for (const content of ["1", "2", "3"]) plain.say(room, content, `${room} ${content}`);
    await vi.waitFor(() => expect(contents(js.heard)).toEqual(["1", "2", "3"]), { timeout: WAIT_MS });
    // Its ACKs are answered like any frame: a wrong one would have cost it the connection.
    const left = Promise.withResolvers<void>();
    js.client.watchForReceipt("after-acks", () => left.resolve());
    js.client.unsubscribe("sub-0", { receipt: "after-acks" });
    await left.promise;
    expect([js.closes, js.errors]).toEqual([[], []]);
    await js.client.deactivate();
  });

  test("A62: a frame in a binary WebSocket message is refused with ERROR and 1003", async () => {
    const socket = () => new WebSocket(system.endpoint(1), ["v12.stomp"], { origin: system.origin });
    const js = await chatter("binary", newRoom(), socket);
    js.client.publish({ destination: "/app/chat.send/binary", binaryBody: Buffer.from('{"content":"b"}') });
    await vi.waitFor(() => expect(js.closes).toEqual([1003]), { timeout: WAIT_MS });
    expect(js.errors.length).toBe(1);
  });
});

describe("stomp.py", () => {
  test("A34, A35: chats across instances, acknowledges, refuses once and gets it again", {
    timeout: 240_000,
  }, async (context) => {
    const found = await pythonWithStomp();
    if ("missing" in found) return context.skip(found.missing);
    const room = newRoom();
    const plain = await raw(3, "plain-py");
    await plain.subscribe(`/topic/room.${room}`);
    const events: PythonEvent[] = [];
    const { port } = new URL(system.endpoint(2));
    const token = await system.token("py");
    const args = { port, origin: system.origin, token, room, text: "¡hola: \\ 𝄞!" };
    const ended = stompPyClient(found.python, args, (event) => {
      events.push(event);
      // The refused message is there again: the rest may come.
      if (event.redelivered === true) plain.say(room, "good bye");
    });
    const { exit, err } = await ended;
    expect(err).toBe("");
    expect(exit).toBe(0);
    expect(events[0]).toEqual({ event: "connected", version: "1.2", server: "server-2" });
    expect(events.filter(({ event }) => event === "message")).toEqual([
      { event: "message", content: args.text, redelivered: false },
      { event: "message", content: args.text, redelivered: true },
      { event: "message", content: "good bye", redelivered: false },
    ]);
    expect(events.filter(({ event }) => event === "receipt").map(({ receipt }) => receipt)).toEqual(
      expect.arrayContaining(["subscribed", "said", "left"]),
    );
    expect(events.map(({ event }) => event)).not.toContain("error");
    expect(await system.series(2, 'stomp_nacks_total{next="redeliver"}')).toBe(1);
  });
});

describe("the three versions by hand", () => {
  afterEach(closeAll);

  test.each<Version>(["1.0", "1.1", "1.2"])(
    "A34, A35: STOMP %s, from CONNECT to DISCONNECT",
    async (version) => {
      const room = newRoom();
      const client = await raw(1, `v${version}`, version);
      const where = `/topic/room.${room}`;
      // In 1.0 the id is optional, and there is no header that says which to acknowledge but message-id.
      client.send("SUBSCRIBE", {
        destination: where,
        ack: "client",
        receipt: "sub",
        ...(version === "1.0" ? {} : { id: "s" }),
      });
      await client.receipt("sub");
      for (const content of ["1", "2", "3"]) {
        client.say(room, content);
        await client.heard(room, content);
      }
      const messages = client.frames.filter((got) => got.command === "MESSAGE");
      expect(messages.map((got) => got.headers.ack !== undefined)).toEqual(Array(3).fill(version === "1.2"));
      const named = (n: number): Headers => {
        const { ack, "message-id": message, subscription } = messages[n]!.headers;
        if (version === "1.2") return { id: ack! };
        return version === "1.1"
          ? { "message-id": message!, subscription: subscription! }
          : { "message-id": message! };
      };
      client.send("ACK", { ...named(1), receipt: "acked" }); // with 1, which came before it
      await client.receipt("acked");
      if (version !== "1.0") {
        client.send("NACK", { ...named(2), receipt: "nacked" });
        await client.receipt("nacked");
        const again = await client.next((got) => got.headers.redelivered === "true");
        expect(again.headers["message-id"]).toBe(messages[2]!.headers["message-id"]);
        client.send("NACK", { ...named(2), receipt: "nacked twice" });
        await client.receipt("nacked twice");
      }
      client.send("UNSUBSCRIBE", {
        ...(version === "1.0" ? { destination: where } : { id: "s" }),
        receipt: "un",
      });
      await client.receipt("un");
      client.send("DISCONNECT", { receipt: "bye" });
      await client.receipt("bye");
      client.ws.close();
      // Ours, without a code, or the server's, where ours took a second.
      expect([1005, 1000]).toContain((await client.closed).code);
      expect(client.frames.filter((got) => got.headers.redelivered === "true").length).toBe(
        version === "1.0" ? 0 : 1,
      );
    },
  );

  test("A34: a version that nobody speaks is ERROR with those that are spoken", async () => {
    const client = new RawStompClient(system.endpoint(1), system.origin);
    open.push(client);
    await client.opened();
    client.send("CONNECT", { "accept-version": "3.0,2.1" });
    expect((await client.closed).code).toBe(1002);
    expect(client.frames[0]).toMatchObject({
      command: "ERROR",
      headers: { version: "1.2,1.1,1.0", "reason-code": "protocol" },
    });
  });

  test.each<[string, string, Headers]>([
    ["an ACK of nothing", "ACK", { id: "none" }],
    ["an ACK that names nothing", "ACK", {}],
    ["a transaction", "BEGIN", { transaction: "t" }],
    ["COMMIT", "COMMIT", { transaction: "t" }],
    ["ABORT", "ABORT", { transaction: "t" }],
    ["a SEND in a transaction", "SEND", { destination: "/app/chat.send/room", transaction: "t" }],
  ])("I88, A48: %s is ERROR, then 1002", async (_what, command, headers) => {
    const client = await raw(2, `wrong-${++rooms}`);
    client.send(command, { ...headers, receipt: "r" }, command === "SEND" ? '{"content":"x"}' : "");
    expect((await client.closed).code).toBe(1002);
    expect(client.frames.at(-1)).toMatchObject({
      command: "ERROR",
      headers: { "receipt-id": "r", "reason-code": "protocol" },
    });
  });

  test("A34: several frames in one message, one frame over many, NUL in a body, escaped headers", async () => {
    const room = newRoom();
    const client = await raw(1, "cutter");
    const id = "a:b\\c\nd";
    const subscribe = client.bytes("SUBSCRIBE", { id, destination: `/topic/room.${room}`, receipt: "r:1" });
    const body = '{"content":"cut"}';
    const send = client.bytes("SEND", { destination: `/app/chat.send/${room}`, receipt: "r\n2" }, body);
    client.ws.send(`\n${subscribe}\n\n${subscribe.replace("r\\c1", "r\\c1b").replace("a\\cb", "a2\\cb")}`);
    await Promise.all([client.receipt("r:1"), client.receipt("r:1b")]);
    for (const byte of Buffer.from(send)) client.ws.send(String.fromCharCode(byte));
    await client.receipt("r\n2");
    const heard = await client.heard(room, "cut");
    expect(heard.headers.subscription).toBe(id);

    // A NUL inside the body ends nothing where its length is given: no chat message, and the next frame is in step.
    await client.subscribe("/user/queue/reply");
    client.send("SEND", { destination: `/app/chat.send/${room}`, receipt: "nul" }, '{"content":"a\0b"}');
    const reply = await client.next((got) => got.headers["receipt-id"] === "nul");
    expect([reply.command, reply.headers.outcome]).toEqual(["MESSAGE", "rejected"]);
    client.say(room, "in step");
    await client.receipt("in step");
  });

  test("A49: every frame that asks for a receipt gets it, also those sent as one message", async () => {
    const client = await raw(3, "receipts");
    const frames = [
      frame("SUBSCRIBE", { id: "1", destination: "/user/queue/reply", receipt: "a" }),
      frame("UNSUBSCRIBE", { id: "1", receipt: "b" }),
      frame("SEND", { destination: "/app/chat.send/receipts", receipt: "c" }, '{"content":"c"}'),
      frame("DISCONNECT", { receipt: "d" }),
    ];
    client.ws.send(frames.map(({ command, headers, body }) => client.bytes(command, headers, body)).join(""));
    await client.receipt("d");
    const got = client.frames.filter(({ command }) => command === "RECEIPT");
    expect(got.map(({ headers }) => headers["receipt-id"])).toEqual(["a", "b", "c", "d"]);
    expect((await client.closed).code).toBe(1000);
  });
});
