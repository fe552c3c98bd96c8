import { createServer } from "node:http";
import type { Socket } from "node:net";
import pg from "pg";
import { type WebSocket, WebSocketServer } from "ws";
import { textFrame } from "../../../target-server/web-socket-frame.ts";

/**
 * The limit that the reference server is measured beside: a bare `ws` server that knows no STOMP, no users and no
 * rooms. A client tells it in one text what to do:
 * `plain 10 <text>`, `framed 10 <text>`, `corked 10 <text>`: send the text to every other client, ten times;
 * `store <id>`: insert a row, then answer.
 */
const [port = "0", databaseUrl = ""] = process.argv.slice(2);
const http = createServer((_request, response) => response.end("bare\n"));
const webSockets = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });
const clients = new Map<WebSocket, Socket>();

const ways: Readonly<
  Record<string, (to: readonly [WebSocket, Socket][], times: number, text: string) => void>
> = {
  plain(to, times, text) {
    for (let n = 0; n < times; n++) for (const [ws] of to) ws.send(text);
  },
  framed(to, times, text) {
    const frame = textFrame(text);
    for (let n = 0; n < times; n++) for (const [, socket] of to) socket.write(frame);
  },
  corked(to, times, text) {
    const frame = textFrame(text);
    for (const [, socket] of to) {
      socket.cork();
      for (let n = 0; n < times; n++) socket.write(frame);
      socket.uncork();
    }
  },
};

webSockets.on("connection", (ws, request) => {
  clients.set(ws, request.socket);
  ws.on("close", () => clients.delete(ws));
  ws.on("error", () => ws.terminate());
  ws.on("message", (data) => {
    const text = String(data);
    if (text.startsWith("store ")) return store(ws, text);
    const [, way = "", times = "0", body = ""] = /^(\w+) (\d+) (.*)$/s.exec(text) ?? [];
    ways[way]?.(
      [...clients].filter(([one]) => one !== ws),
      Number(times),
      body,
    );
  });
});

/** As many rows in a transaction, and transactions at once, as the reference server takes: 100 and 8. */
const BATCH_MAX = 100;
const LANES = 8;
const waiting: { readonly ws: WebSocket; readonly text: string }[] = [];
let busyLanes = 0;
let connecting: Promise<pg.Pool> | undefined;

function store(ws: WebSocket, text: string): void {
  waiting.push({ ws, text });
  if (busyLanes < LANES) void work();
}

async function work(): Promise<void> {
  busyLanes += 1;
  connecting ??= connected();
  const pool = await connecting;
  for (;;) {
    const batch = waiting.splice(0, BATCH_MAX);
    if (batch.length === 0) break;
    const values = [batch.map(({ text }) => text)];
    await pool.query({ name: "store", text: "INSERT INTO bare SELECT * FROM unnest($1::text[])", values });
    for (const { ws } of batch) ws.send("stored");
  }
  busyLanes -= 1;
}

async function connected(): Promise<pg.Pool> {
  const made = new pg.Pool({ connectionString: databaseUrl, max: LANES });
  await made.query("CREATE TABLE IF NOT EXISTS bare (text text)");
  return made;
}

http.listen({ host: "127.0.0.1", port: Number(port), backlog: 4_096 });
