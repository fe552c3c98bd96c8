import { describe, expect, test } from "vitest";
import type { SendOutcome, SendRequest } from "./app/application.ts";
import type { Authenticate, Identity } from "./auth.ts";
import { Broker } from "./broker.ts";
import { enterPlainly } from "./delivery/entering.ts";
import { createLog } from "./log.ts";
import { openRooms } from "./membership.ts";
import { createMetrics } from "./metrics.ts";
import { healthy, type Policies } from "./policies.ts";
import { Session, type Transport } from "./session.ts";
import type { SessionIdentity } from "./session-identity.ts";
import { Decoder } from "./stomp/decode.ts";
import { type Frame, frame, type Headers, type Version } from "./stomp/frame.ts";

/** A client that only remembers: what it was sent, and how it was closed. */
class Client implements Transport {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | undefined;
  version: Version | undefined;
  speak(version: Version): void {
    this.version = version;
  }
  send(sent: Frame): void {
    this.frames.push(sent);
  }
  deliver(framed: Buffer): void {
    const payload = framed.subarray(framed[1] === 126 ? 4 : 2);
    for (const decoded of new Decoder().push(payload)) {
      if (decoded.kind === "frame") this.frames.push(decoded.frame);
    }
  }
  onceSent(next: () => void): void {
    next();
  }
  onceTaken(next: () => void): void {
    next();
  }
  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }
  get commands(): string[] {
    return this.frames.map((sent) => sent.command);
  }
  get last(): Frame | undefined {
    return this.frames.at(-1);
  }
}

interface World {
  readonly identity: SessionIdentity;
  readonly authenticate: Authenticate;
  readonly policies: Policies;
  apply(request: SendRequest): Promise<SendOutcome>;
}

const letIn: Authenticate = async () => ({ how: "user", user: "ann", expiresAtMs: Date.now() + 60_000 });

/** Nobody is banned, counted or asked for membership. */
const anybody: SessionIdentity = {
  tokenGraceMs: 5_000,
  sendLimits: { policies: healthy, perSession: undefined, perUser: undefined },
  membership: openRooms,
  tierAccess: "open",
  isRevoked: () => false,
  enter: async () => true,
  leave: () => {},
};

function open(world: Partial<World> = {}, shown?: Identity) {
  const client = new Client();
  const broker = new Broker();
  const session = new Session(
    client,
    {
      serverId: "server-7",
      policies: healthy,
      broker,
      metrics: createMetrics(),
      log: createLog(
        "server-7",
        () => "error",
        () => {},
      ),
      authenticate: letIn,
      identity: anybody,
      beat: { sendsMs: 25_000, wantsMs: 25_000 },
      ordering: "seq",
      subscriptionsMax: 3,
      enter: enterPlainly,
      unacknowledgedMax: { depth: 100, bytes: 100_000, ageMs: Number.POSITIVE_INFINITY },
      apply: async () => ({ how: "accepted" }),
      ...world,
    },
    shown,
  );
  const say = async (command: string, headers: Headers = {}, body = "") => {
    session.receive({ kind: "frame", frame: frame(command, headers, body) });
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { client, broker, session, say };
}

async function connected(world: Partial<World> = {}) {
  const opened = open(world);
  await opened.say("CONNECT", { "accept-version": "1.1,1.2", "heart-beat": "10000,30000" });
  return opened;
}

describe("CONNECT", () => {
  test("A143, A52, A105: CONNECTED names the server, the session, the user, the beats and the order", async () => {
    const { client, session } = await connected();
    expect(client.last).toMatchObject({
      command: "CONNECTED",
      headers: {
        version: "1.2",
        "server-id": "server-7",
        "user-name": "ann",
        "heart-beat": "25000,25000",
        session: session.id,
        ordering: "seq",
      },
    });
    expect(client.version).toBe("1.2");
    expect(session.beat).toEqual({ sendEveryMs: 30_000, expectEveryMs: 25_000 });
  });

  test.each(["SUBSCRIBE", "SEND", "DISCONNECT", "NONSENSE"])(
    "A22: %s before CONNECT ends it",
    async (command) => {
      const { client, say } = open();
      await say(command, { destination: "/topic/room.a", id: "0" });
      expect(client.commands).toEqual(["ERROR"]);
      expect(client.closed?.code).toBe(1008);
    },
  );

  test("A20: a refused identity gets ERROR and 1008, and nothing after it is heard", async () => {
    const { client, session, say } = open({
      authenticate: async () => ({ how: "refused", reason: "expired" }),
    });
    await say("CONNECT", { "accept-version": "1.2" });
    await say("SUBSCRIBE", { id: "0", destination: "/topic/room.a", receipt: "r" });
    expect(client.frames.map((sent) => sent.headers.message)).toEqual(["authentication failed: expired"]);
    expect(client.closed?.code).toBe(1008);
    expect(session.connected).toBe(false);
  });

  test("A20: frames behind CONNECT wait for its answer, a flood of them does not", async () => {
    const eager = open();
    eager.session.receive({ kind: "frame", frame: frame("CONNECT", { "accept-version": "1.2" }) });
    await eager.say("SUBSCRIBE", { id: "0", destination: "/topic/room.a", receipt: "r" });
    expect(eager.client.commands).toEqual(["CONNECTED", "RECEIPT"]);

    const flood = open({ authenticate: () => new Promise(() => {}) });
    await flood.say("CONNECT", { "accept-version": "1.2" });
    for (let n = 0; n < 17; n++) await flood.say("SEND", { destination: "/app/x" });
    expect(flood.client.closed?.code).toBe(1008);
  });

  test("A35: no common version, a malformed heart-beat and a second CONNECT are protocol errors", async () => {
    const old = open();
    await old.say("CONNECT", { "accept-version": "0.9" });
    const sick = open();
    await sick.say("CONNECT", { "accept-version": "1.2", "heart-beat": "soon" });
    const twice = await connected();
    await twice.say("CONNECT", { "accept-version": "1.2" });
    for (const { client } of [old, sick, twice]) {
      expect(client.last?.command).toBe("ERROR");
      expect(client.closed?.code).toBe(1002);
    }
  });
});

describe("SUBSCRIBE", () => {
  test("A41: after the receipt a room's messages arrive with the subscription's id", async () => {
    const { client, broker, say } = await connected();
    await say("SUBSCRIBE", { id: "s-1", destination: "/topic/room.a", receipt: "r-1" });
    expect(client.last).toEqual(frame("RECEIPT", { "receipt-id": "r-1" }));
    expect(broker.deliver("/topic/room.a", { headers: { destination: "/topic/room.a" }, body: "é" })).toBe(1);
    expect(client.last).toMatchObject({ command: "MESSAGE", headers: { subscription: "s-1" }, body: "é" });

    await say("UNSUBSCRIBE", { id: "s-1", receipt: "r-2" });
    expect(client.last?.headers["receipt-id"]).toBe("r-2");
    expect(broker.deliver("/topic/room.a", { headers: {}, body: "" })).toBe(0);
  });

  test.each<[string, Headers, number]>([
    ["no id", { destination: "/topic/room.a" }, 1002],
    ["no destination", { id: "9" }, 1002],
    ["an unknown destination", { id: "9", destination: "/topic/other" }, 1008],
    ["another session's resolved queue", { id: "9", destination: "/queue/reply-user123" }, 1008],
    ["a pattern", { id: "9", destination: "/topic/room.*" }, 1008],
    ["an unknown acknowledgement", { id: "9", destination: "/topic/room.a", ack: "sometimes" }, 1002],
    ["an id in use", { id: "taken", destination: "/topic/room.a" }, 1002],
  ])("A32, A36: %s is answered by ERROR and close", async (_what, headers, code) => {
    const { client, broker, say } = await connected();
    await say("SUBSCRIBE", { id: "taken", destination: "/topic/room.x" });
    await say("SUBSCRIBE", { ...headers, receipt: "r" });
    expect(client.last).toMatchObject({ command: "ERROR", headers: { "receipt-id": "r" } });
    expect(client.closed?.code).toBe(code);
    expect(broker.destinations).toBe(0);
  });

  test("A32: subscriptions of a session are bounded", async () => {
    const { client, say } = await connected();
    for (const n of [1, 2, 3]) await say("SUBSCRIBE", { id: `${n}`, destination: `/topic/room.${n}` });
    expect(client.closed).toBeUndefined();
    await say("SUBSCRIBE", { id: "4", destination: "/topic/room.4" });
    expect(client.closed?.code).toBe(1008);
  });

  test.each<[string, Partial<World>, readonly string[] | undefined, boolean]>([
    ["in the claim", { identity: { ...anybody, tierAccess: "claims" } }, ["gold", "premium"], true],
    ["not in the claim", { identity: { ...anybody, tierAccess: "claims" } }, ["gold"], false],
    ["without a claim", { identity: { ...anybody, tierAccess: "claims" } }, undefined, false],
    ["without a claim, where segments are open", {}, undefined, true],
  ])("A45: the segment premium, %s", async (_what, world, tiers, allowed) => {
    const { client, say, broker } = await connected({
      ...world,
      authenticate: async () => ({
        ...{ how: "user", user: "ann", expiresAtMs: Date.now() + 60_000 },
        ...(tiers === undefined ? {} : { tiers }),
      }),
    });
    await say("SUBSCRIBE", { id: "t", destination: "/topic/tier.premium", receipt: "r" });
    expect(client.last?.command).toBe(allowed ? "RECEIPT" : "ERROR");
    expect(client.closed?.code).toBe(allowed ? undefined : 1008);
    expect(broker.destinations).toBe(allowed ? 1 : 0);
  });

  test("I78: whether a user may listen is the policy's decision", async () => {
    const { client, say } = await connected({
      policies: { ...healthy, maySubscribe: (user, where) => !(user === "ann" && where.kind === "room") },
    });
    await say("SUBSCRIBE", { id: "0", destination: "/topic/server.events" });
    expect(client.closed).toBeUndefined();
    await say("SUBSCRIBE", { id: "1", destination: "/topic/room.a" });
    expect(client.closed?.code).toBe(1008);
  });
});

describe("SEND", () => {
  test("A79: the receipt waits for the application, other frames do not wait for it", async () => {
    let done: (outcome: SendOutcome) => void = () => {};
    const { client, say } = await connected({ apply: () => new Promise((resolve) => (done = resolve)) });
    await say("SEND", { destination: "/app/x", receipt: "slow" });
    await say("SUBSCRIBE", { id: "0", destination: "/topic/room.a", receipt: "quick" });
    expect(client.last?.headers["receipt-id"]).toBe("quick");
    done({ how: "accepted" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.last?.headers["receipt-id"]).toBe("slow");
  });

  test.each(["rejected", "unknown"] as const)(
    "A40: %s is said on the reply queue, without a receipt",
    async (how) => {
      const { client, say } = await connected({ apply: async () => ({ how, reason: "no room" }) });
      await say("SUBSCRIBE", { id: "q", destination: "/user/queue/reply" });
      await say("SEND", { destination: "/app/x", receipt: "m-1", "client-message-id": "c-1" });
      expect(client.commands).toEqual(["CONNECTED", "MESSAGE"]);
      expect(client.last?.headers).toMatchObject({
        subscription: "q",
        destination: "/user/queue/reply",
        "receipt-id": "m-1",
        outcome: how,
        message: "no room",
      });
      expect(JSON.parse(client.last!.body)).toEqual({
        type: "send-failed",
        outcome: how,
        reason: "no room",
        clientMessageId: "c-1",
      });
      expect(client.closed).toBeUndefined();
    },
  );

  test("A24: the token is looked at again on every SEND", async () => {
    let good = true;
    const { client, say } = await connected({ policies: { ...healthy, tokenIsGood: () => good } });
    await say("SEND", { destination: "/app/x", receipt: "1" });
    good = false;
    await say("SEND", { destination: "/app/x", receipt: "2" });
    expect(client.commands).toEqual(["CONNECTED", "RECEIPT", "ERROR"]);
    expect(client.closed?.code).toBe(1008);
  });

  test("A76: an application that throws costs this client 1011, and no one else anything", async () => {
    const { client, say } = await connected({ apply: () => Promise.reject(new Error("bug")) });
    await say("SEND", { destination: "/app/x", receipt: "1" });
    expect(client.last).toMatchObject({ command: "ERROR", headers: { message: "internal error" } });
    expect(client.closed?.code).toBe(1011);
  });
});

describe("the end", () => {
  test("A49: DISCONNECT's receipt comes after the answers to all SENDs before it", async () => {
    let done: (outcome: SendOutcome) => void = () => {};
    const { client, say } = await connected({ apply: () => new Promise((resolve) => (done = resolve)) });
    await say("SEND", { destination: "/app/x", receipt: "m" });
    await say("DISCONNECT", { receipt: "bye" });
    expect(client.commands).toEqual(["CONNECTED"]);
    done({ how: "accepted" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.frames.slice(1).map((sent) => sent.headers["receipt-id"])).toEqual(["m", "bye"]);
    expect(client.closed?.code).toBe(1000);
  });

  test("A58: the end cleans up once, however often it is noticed", async () => {
    const { broker, session, say } = await connected();
    await say("SUBSCRIBE", { id: "0", destination: "/topic/room.a" });
    expect(broker.destinations).toBe(1);
    session.end();
    session.end();
    expect(broker.destinations).toBe(0);
  });

  test.each([
    ["frame-too-large", 1009],
    ["invalid-utf8", 1007],
    ["bad-header", 1002],
  ] as const)("A76: malformed input (%s) closes with %i", async (reason, code) => {
    const { client, session } = await connected();
    session.receive({ kind: "malformed", reason });
    expect(client.last?.command).toBe("ERROR");
    expect(client.closed?.code).toBe(code);
  });

  test.each(["ACK", "NACK", "BEGIN", "COMMIT", "ABORT", "FOO"])(
    "I88: %s is refused cleanly",
    async (command) => {
      const { client, say } = await connected();
      await say(command, { receipt: "r" });
      expect(client.last).toMatchObject({ command: "ERROR", headers: { "receipt-id": "r" } });
      expect(client.closed?.code).toBe(1002);
    },
  );
});

describe("who it is, and for how long", () => {
  const closing = { ...healthy, closeAfterExpiryMs: () => 1_000 };

  test("A26: it ends after its token and the grace, not before", async () => {
    const expiresAtMs = Date.now() + 60_000;
    const { client, session } = await connected({
      policies: closing,
      authenticate: async () => ({ how: "user", user: "ann", expiresAtMs }),
    });
    session.endIfExpired(expiresAtMs + 999);
    expect(client.closed).toBeUndefined();
    session.endIfExpired(expiresAtMs + 1_000);
    expect(client.last?.headers.message).toBe("authentication failed: expired");
    expect(client.closed?.code).toBe(1008);
  });

  test("A25: a renewed session lives by the new end", async () => {
    const { client, session } = await connected({ policies: closing });
    const later = Date.now() + 120_000;
    session.renew(later);
    session.endIfExpired(later + 999);
    expect(client.closed).toBeUndefined();
    session.endIfExpired(later + 1_000);
    expect(client.closed?.code).toBe(1008);
  });

  test("A24, A27: a banned user's next SEND is refused, also where nobody closed the session", async () => {
    let banned = false;
    const { client, say } = await connected({ identity: { ...anybody, isRevoked: () => banned } });
    await say("SEND", { destination: "/app/x", receipt: "1" });
    banned = true;
    await say("SEND", { destination: "/app/x", receipt: "2" });
    expect(client.commands).toEqual(["CONNECTED", "RECEIPT", "ERROR"]);
    expect(client.last?.headers.message).toBe("authentication failed: banned");
  });

  test("A21: CONNECT and handshake must name the same user", async () => {
    const { client, say } = open({}, { user: "bob", expiresAtMs: Date.now() + 60_000 });
    await say("CONNECT", { "accept-version": "1.2", Authorization: "Bearer x" });
    expect(client.last?.headers.message).toBe("authentication failed: user-mismatch");
  });

  test("A31: a place that was given to who has left meanwhile is given back", async () => {
    const places: string[] = [];
    let give: (mayEnter: boolean) => void = () => {};
    const { session, say } = open({
      identity: {
        ...anybody,
        enter: () => new Promise((resolve) => (give = resolve)),
        leave: ({ user }) => places.push(user),
      },
    });
    await say("CONNECT", { "accept-version": "1.2" });
    session.end();
    places.length = 0;
    give(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(places).toEqual(["ann"]);
    expect(session.connected).toBe(false);
  });

  test("A32: who cannot be looked up is told to come again, and hears nothing meanwhile", async () => {
    let answer: (error: Error) => void = () => {};
    const membership = { isMember: () => new Promise<boolean>((_resolve, reject) => (answer = reject)) };
    const { client, broker, say } = await connected({ identity: { ...anybody, membership } });
    await say("SUBSCRIBE", { id: "0", destination: "/topic/room.a", receipt: "r" });
    expect(broker.deliver("/topic/room.a", { headers: {}, body: "secret" })).toBe(0);
    expect(client.commands).toEqual(["CONNECTED"]);
    answer(new Error("the store is away"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.closed?.code).toBe(1013);
  });
});

describe("acknowledgement", () => {
  const room = "/topic/room.a";
  const message = (id: string) => ({ headers: { destination: room, "message-id": id }, body: `body ${id}` });
  async function listening(ack: string) {
    const opened = await connected();
    await opened.say("SUBSCRIBE", { id: "s", destination: room, ack });
    const hear = (...ids: string[]) => {
      for (const id of ids) opened.broker.deliver(room, message(id));
      return opened.client.frames.slice(-ids.length).map(({ headers }) => headers);
    };
    return { ...opened, hear };
  }

  test("A35: with ack:auto a message names nothing to acknowledge, otherwise it does", async () => {
    const automatic = await listening("auto");
    expect(automatic.hear("1")[0]).not.toHaveProperty("ack");
    const { hear, say, client } = await listening("client");
    const [one, two] = hear("1", "2");
    expect(one!.ack).not.toBe(two!.ack);
    await say("ACK", { id: two!.ack!, receipt: "both" });
    expect(client.last).toEqual(frame("RECEIPT", { "receipt-id": "both" }));
    await say("ACK", { id: one!.ack! });
    expect(client.closed?.code).toBe(1002);
  });

  test("A35: a refused message comes once more, marked, and then no more", async () => {
    const { hear, say, client } = await listening("client-individual");
    const [one] = hear("1");
    await say("NACK", { id: one!.ack!, receipt: "first" });
    expect(client.commands.slice(-2)).toEqual(["MESSAGE", "RECEIPT"]);
    expect(client.frames.at(-2)).toMatchObject({
      headers: { "message-id": "1", ack: one!.ack!, redelivered: "true", subscription: "s" },
      body: "body 1",
    });
    await say("NACK", { id: one!.ack!, receipt: "second" });
    expect(client.commands.slice(-2)).toEqual(["RECEIPT", "RECEIPT"]);
    expect(client.closed).toBeUndefined();
  });

  test("A35, A107: to answer each copy of a message that came twice costs nobody the session", async () => {
    const { hear, say, client } = await listening("client-individual");
    for (const got of hear("1", "1")) await say("ACK", { id: got.ack!, receipt: "r" });
    expect(client.commands.slice(-2)).toEqual(["RECEIPT", "RECEIPT"]);
    expect(client.closed).toBeUndefined();
  });

  test("A65: who acknowledges nothing is closed with 1013 at the limit, and leaves nothing behind", async () => {
    const { hear, client, broker } = await listening("client");
    for (let n = 1; n <= 100; n++) hear(`${n}`);
    expect(client.closed).toBeUndefined();
    hear("101");
    expect(client.last).toMatchObject({ command: "ERROR", headers: { "reason-code": "overload" } });
    expect(client.closed?.code).toBe(1013);
    expect(broker.destinations).toBe(0);
  });

  test("A65: the limit is for what waits, not for what was ever sent", async () => {
    const { hear, say, client } = await listening("client");
    for (let n = 1; n <= 150; n++) {
      const [got] = hear(`${n}`);
      if (n % 50 === 0) await say("ACK", { id: got!.ack! });
    }
    expect(client.closed).toBeUndefined();
  });

  test("I88: a SEND that names a transaction is not stored outside of it", async () => {
    const applied: string[] = [];
    const { client, say } = await connected({
      apply: async ({ body }) => {
        applied.push(body);
        return { how: "accepted" };
      },
    });
    await say("SEND", { destination: "/app/x", transaction: "t" }, "x");
    expect(applied).toEqual([]);
    expect(client.last?.command).toBe("ERROR");
    expect(client.closed?.code).toBe(1002);
  });
});
