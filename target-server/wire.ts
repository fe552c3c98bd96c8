import type { RawData } from "ws";
import type { Outlet } from "./send-queue.ts";

/** What carries a connection: a WebSocket, or a transport of SockJS that behaves like one. */
export interface Wire {
  on(event: "message", hear: (data: RawData, isBinary?: boolean) => void): unknown;
  /** A sign of life that is no data. */
  on(event: "ping" | "pong", hear: () => void): unknown;
  on(event: "error", hear: (error: Error) => void): unknown;
  /** Comes once, however the connection ended. */
  on(event: "close", hear: (code: number) => void): unknown;
  /** The closing handshake of its transport. */
  close(code: number, reason: string): void;
  /** At once, without any. */
  terminate(): void;
  /** Asks for a sign of life. */
  ping(): void;
}

/** Where a connection's frames go: whole unmasked WebSocket text frames, see `web-socket-frame.ts`. */
export interface WireOutlet extends Outlet {
  /** There is room again. */
  on(event: "drain", hear: () => void): unknown;
}
