import type { RabbitMq } from "./rabbitmq.ts";
import { type BenchSystem, ORIGIN, type ServerProcess } from "./system.ts";
import { type Tally, tokenFor, Wire } from "./wire.ts";

/** One server, or several as one, that the same load is put on. */
export interface Contender {
  readonly name: string;
  readonly urls: readonly string[];
  pids(): Promise<readonly number[]>;
  /** Opens a WebSocket and does what makes its user known. */
  connect(url: string, user: string, tally: Tally): Promise<Wire>;
  subscribe(wire: Wire, room: string): Promise<void>;
  /** Texts that make `due` messages fall due for the room at the same time. */
  publication(room: string, due: number): readonly string[];
  /** Texts that each get one answer once their message is stored. */
  storing(room: string, ids: readonly string[]): readonly string[];
  /** Where the publisher has to speak to every server by itself. */
  readonly publishToAll: boolean;
}

/** Neither promised nor wanted: a client that promises beats and sends none is closed after 37.5 s. */
const NO_BEAT = "0,0";

/** What a SEND carries: 200 bytes with its braces. */
export const BODY = JSON.stringify({ content: "x".repeat(200 - '{"content":""}'.length) });
/** What such a message is on the wire, headers included (measured: 530 to 550); the bare server sends as much. */
const WIRE_TEXT = "y".repeat(540);

export function reference(
  name: string,
  servers: readonly ServerProcess[],
  { secret }: Pick<BenchSystem, "secret">,
  beat = NO_BEAT,
): Contender {
  return {
    name,
    urls: servers.map(({ url }) => url),
    pids: async () => servers.flatMap(({ process }) => process.pid() ?? []),
    async connect(url, user, tally) {
      const wire = await Wire.open(url, tally, { Origin: ORIGIN, "Sec-WebSocket-Protocol": "v12.stomp" });
      await ask(
        wire,
        stomp("CONNECT", {
          "accept-version": "1.2",
          host: "bench",
          "heart-beat": beat,
          Authorization: `Bearer ${tokenFor(user, secret)}`,
        }),
        "CONNECTED",
      );
      return wire;
    },
    subscribe: (wire, room) =>
      ask(wire, stomp("SUBSCRIBE", { id: "0", destination: `/topic/room.${room}`, receipt: "s" }), "RECEIPT"),
    publication: (room, due) =>
      Array.from({ length: due }, () => stomp("SEND", { destination: `/app/chat.send/${room}` }, BODY)),
    storing: (room, ids) =>
      ids.map((id) => stomp("SEND", { destination: `/app/chat.send/${room}`, receipt: id }, BODY)),
    publishToAll: false,
  };
}

/** How the bare server sends: one write for each message and socket, of a frame made once; `ws.send`; or corked. */
export type BareWay = "framed" | "plain" | "corked";

export function bare(name: string, servers: readonly ServerProcess[], way: BareWay): Contender {
  return {
    name,
    urls: servers.map(({ url }) => url),
    pids: async () => servers.flatMap(({ process }) => process.pid() ?? []),
    connect: (url, _user, tally) => Wire.open(url, tally),
    subscribe: async () => {},
    publication: (_room, due) => [`${way} ${due} ${WIRE_TEXT}`],
    storing: (_room, ids) => ids.map((id) => `store ${id} ${BODY}`),
    publishToAll: true,
  };
}

export function rabbitMq(broker: RabbitMq): Contender {
  return {
    name: `RabbitMQ ${broker.version} web-stomp`,
    urls: [broker.url],
    pids: () => broker.pids(),
    async connect(url, _user, tally) {
      const wire = await Wire.open(url, tally, { "Sec-WebSocket-Protocol": "v12.stomp" });
      await ask(
        wire,
        stomp("CONNECT", {
          "accept-version": "1.2",
          host: "/",
          login: "guest",
          passcode: "guest",
          "heart-beat": NO_BEAT,
        }),
        "CONNECTED",
      );
      return wire;
    },
    subscribe: (wire, room) =>
      ask(wire, stomp("SUBSCRIBE", { id: "0", destination: `/topic/room.${room}`, receipt: "s" }), "RECEIPT"),
    publication: (room, due) =>
      Array.from({ length: due }, () => stomp("SEND", { destination: `/topic/room.${room}` }, BODY)),
    storing: (room, ids) =>
      ids.map((id) =>
        stomp("SEND", { destination: `/queue/${room}`, persistent: "true", receipt: id }, BODY),
      ),
    publishToAll: false,
  };
}

async function ask(wire: Wire, text: string, wanted: string): Promise<void> {
  const answer = wire.next();
  wire.send(text);
  const got = await answer;
  if (!got.startsWith(wanted)) throw new Error(`wanted ${wanted}, got ${got.slice(0, 200)}`);
}

function stomp(command: string, headers: Readonly<Record<string, string>>, body = ""): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join("")}\n${body}\0`;
}
