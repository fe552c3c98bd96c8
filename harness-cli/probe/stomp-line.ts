import { WebSocket } from "ws";
import { connectHeaders } from "../../scenarios/model/access.ts";
import type { LoadAccess } from "../../scenarios/model/load-config.ts";
import { signJwt } from "../../scenarios/native/jwt.ts";

/** One STOMP connection and nothing besides: no ledger, no schedule, no decoder. What it measures by is its own. */
export interface StompLine {
  /** Nothing is sent while it is not connected. */
  send(command: string, headers: Readonly<Record<string, string>>, body?: string): void;
  close(): void;
}

export interface StompLineEvents {
  connected(): void;
  /** Whatever came after CONNECTED: one frame or several, heart-beats included. */
  text(text: string): void;
  /** Once, however it ended. */
  closed(why: string): void;
}

/** Offered and wanted, before the time scale; as the load's own clients do (A53). */
const BEAT_MS = 10_000;

export function openStompLine(
  at: {
    readonly url: string;
    readonly access: LoadAccess;
    readonly user: string;
    readonly timeScale: number;
  },
  events: StompLineEvents,
): StompLine {
  const { url, access, user, timeScale } = at;
  const beatMs = Math.max(1, Math.round(BEAT_MS * timeScale));
  const socket = new WebSocket(url, ["v12.stomp"], {
    perMessageDeflate: false,
    ...(access.origin === undefined ? {} : { origin: access.origin }),
  });
  let isConnected = false;
  let beats: NodeJS.Timeout | undefined;
  let lastError = "";

  function write(command: string, headers: Readonly<Record<string, string>>, body = ""): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    socket.send(`${command}\n${lines.join("")}\n${body}\0`);
  }

  socket.on("open", () =>
    write("CONNECT", {
      "accept-version": "1.2",
      host: "seaworthy",
      "heart-beat": `${beatMs},0`,
      ...connectHeaders(access, user, (subject, secret) => signJwt(subject, secret, Date.now())),
    }),
  );
  socket.on("message", (data) => {
    const text = String(data);
    if (isConnected) return events.text(text);
    if (!text.startsWith("CONNECTED")) return;
    isConnected = true;
    // Half of what was promised: a late timer must not look like a dead client.
    beats = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send("\n"), beatMs / 2);
    events.connected();
  });
  socket.on("error", (error) => {
    lastError = error.message;
  });
  socket.on("close", (code) => {
    isConnected = false;
    clearInterval(beats);
    events.closed(lastError || `closed with ${code}`);
  });
  return {
    send(command, headers, body) {
      if (isConnected && socket.readyState === WebSocket.OPEN) write(command, headers, body);
    },
    close: () => socket.close(1000),
  };
}
