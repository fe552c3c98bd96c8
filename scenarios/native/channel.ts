import { WebSocket } from "ws";
import type { Channel, ChannelEvents } from "../model/channel.ts";
import type { Guard } from "../model/guard.ts";
import type { Control } from "../model/telemetry.ts";

export interface NativeChannel extends Channel {
  /** Resolves when all that was said is with the harness, or nobody is there to take it. */
  readonly over: Promise<void>;
}

export function openChannel(url: string, events: ChannelEvents, guard: Guard): NativeChannel {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const over = Promise.withResolvers<void>();
  let lastError = "";
  socket.on(
    "open",
    guard("telemetry open", () => events.opened()),
  );
  socket.on(
    "message",
    guard("control", (data: unknown) => events.control(JSON.parse(String(data)) as Control)),
  );
  socket.on("error", (error) => {
    lastError = error.message;
  });
  socket.on(
    "close",
    guard("telemetry close", () => {
      over.resolve();
      events.closed(lastError);
    }),
  );
  return {
    over: over.promise,
    emit(line) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(line));
    },
    close: () => socket.close(1000),
  };
}
