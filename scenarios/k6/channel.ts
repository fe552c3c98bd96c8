import { WebSocket } from "k6/websockets";
import type { Channel, ChannelEvents } from "../model/channel.ts";
import type { Guard } from "../model/guard.ts";
import type { Control } from "../model/telemetry.ts";

/** Tagged apart, so that k6's own counters of the clients stay clean. */
export function openChannel(url: string, events: ChannelEvents, guard: Guard): Channel {
  const socket = new WebSocket(url, null, { tags: { name: "telemetry" } });
  let open = false;
  let lastError = "";
  Object.assign(socket, {
    onopen: guard("telemetry open", () => {
      open = true;
      events.opened();
    }),
    onmessage: guard("control", ({ data }: { data: string }) => events.control(JSON.parse(data) as Control)),
    onerror: guard("telemetry error", ({ error }: { error: string }) => {
      lastError = error;
    }),
    onclose: guard("telemetry close", () => {
      open = false;
      events.closed(lastError);
    }),
  });
  return {
    emit(line) {
      if (open) socket.send(JSON.stringify(line));
    },
    close() {
      if (open) socket.close(1000);
      open = false;
    },
  };
}
