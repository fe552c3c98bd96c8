import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { identityText } from "../../../scenarios/model/identity.ts";
import { textFrame } from "../../../target-server/web-socket-frame.ts";

/**
 * The other end of the receivers that the bench compares: to all of them it speaks just enough STOMP, and then writes
 * messages with identities, framed once for everybody, so that it is never the one that is waited for.
 * `POST /flood?ms=…&perSecond=…&startEpochMs=…` sends for so long, at that rate over all sockets (0: as fast as they
 * take it), waits until all of it is out, and answers how much it was. `GET /` says how many listen.
 */
const [port = "0"] = process.argv.slice(2);
const NONCE = "abc123";
/** Messages in one write at full speed. */
const BATCH = 20;
/**
 * A ping follows so many messages, and no more than two of them are unanswered: what lies in the kernels' buffers was
 * not received yet.
 */
const PING_EVERY = 500;
const PINGS_UNANSWERED = 2;
const TURN_MS = 2;

const listening = new Set<Listener>();
const http = createServer((request, response) => void answer(request, response));
const webSockets = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });

interface Listener {
  readonly socket: Socket;
  /** Of the next message that it gets. */
  slot: number;
  unanswered: number;
  ping(): void;
}

webSockets.on("connection", (ws, request) => {
  const listener: Listener = {
    socket: request.socket,
    slot: 0,
    unanswered: 0,
    ping() {
      this.unanswered += 1;
      ws.ping();
    },
  };
  ws.on("pong", () => {
    listener.unanswered -= 1;
  });
  ws.on("close", () => listening.delete(listener));
  ws.on("error", () => ws.terminate());
  ws.on("message", (data) => {
    const text = String(data);
    const receipt = /\nreceipt:([^\n\r]+)/.exec(text)?.[1];
    if (text.startsWith("CONNECT")) {
      const beat = /\nheart-beat:(\d+),(\d+)/.exec(text);
      ws.send(
        `CONNECTED\nversion:1.2\nheart-beat:${beat?.[2] ?? 0},${beat?.[1] ?? 0}\nserver-id:bench\n\n\0`,
      );
      if (beat && Number(beat[2]) > 0) {
        const beats = setInterval(() => ws.send("\n"), Number(beat[2]) / 2);
        ws.on("close", () => clearInterval(beats));
      }
    } else if (text.startsWith("SUBSCRIBE") || text === "listen") {
      listening.add(listener);
    }
    if (receipt) ws.send(`RECEIPT\nreceipt-id:${receipt}\n\n\0`);
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://bench");
  if (pathname !== "/flood") {
    response.end(JSON.stringify({ listening: listening.size }));
    return;
  }
  const number = (name: string) => Number(searchParams.get(name));
  const messages = await flood(number("ms"), number("perSecond"), number("startEpochMs"));
  response.end(JSON.stringify({ messages }));
}

async function flood(ms: number, perSecond: number, startEpochMs: number): Promise<number> {
  const endMs = performance.now() + ms;
  const fromMs = performance.now();
  const all = [...listening];
  let messages = 0;
  let turn = 0;
  while (performance.now() < endMs) {
    if (perSecond === 0) {
      for (const one of all) {
        if (one.unanswered >= PINGS_UNANSWERED) continue;
        one.socket.write(batchFrom(one.slot, startEpochMs));
        one.slot += BATCH;
        if (one.slot % PING_EVERY === 0) one.ping();
        messages += BATCH;
      }
      await new Promise(setImmediate);
    } else {
      const due = Math.floor(((performance.now() - fromMs) / 1_000) * perSecond);
      for (; messages < due; messages++) {
        const one = all[turn++ % all.length] as Listener;
        one.socket.write(textFrame(message(one.slot++, Date.now() - startEpochMs)));
      }
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  }
  for (const one of all) one.ping();
  while (all.some(({ socket, unanswered }) => unanswered > 0 && !socket.destroyed)) {
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
  return messages;
}

/** The sockets go on side by side, so nearly always it was made for another one already. */
const batches = new Map<number, Buffer>();
const BATCHES_KEPT = 512;

function batchFrom(slot: number, startEpochMs: number): Buffer {
  let batch = batches.get(slot);
  if (!batch) {
    const intendedMs = Date.now() - startEpochMs;
    batch = Buffer.concat(Array.from({ length: BATCH }, (_, n) => textFrame(message(slot + n, intendedMs))));
    batches.set(slot, batch);
    if (batches.size > BATCHES_KEPT) batches.delete(batches.keys().next().value as number);
  }
  return batch;
}

/** As the reference server's: some 540 bytes with a text of 200. */
function message(slot: number, intendedMs: number): string {
  const content = identityText(
    NONCE,
    { publisher: 0, slot, intendedMs: Math.max(0, Math.round(intendedMs)) },
    200,
  );
  const body = JSON.stringify({
    msgId: `0198c0de-0000-7000-8000-${String(slot).padStart(12, "0")}`,
    room: "bench",
    sender: "user-0",
    sentAt: "2026-01-01T00:00:00.000Z",
    content,
  });
  return `MESSAGE\nsubscription:sub-0\ndestination:/topic/room.bench\nmessage-id:${slot}\nseq:${slot + 1}\nserver-id:bench\ncontent-type:application/json\ncontent-length:${body.length}\n\n${body}\0`;
}

http.listen(Number(port), "127.0.0.1");
