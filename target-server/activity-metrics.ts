import { Gauge, type Registry } from "prom-client";

/** A room's name is a label value, each a series of its own: only the first few are exported (D55). */
const ROOMS_SHOWN = 10;

export interface ActivitySources {
  /** Subscriptions of all sessions of this instance. */
  subscriptions(): number;
  /** The rooms with most messages in the last hour. */
  busiestRooms(limit: number): readonly { readonly room: string; readonly messages: number }[];
  /** The rooms with most subscriptions on this instance. */
  fullestRooms(limit: number): readonly { readonly room: string; readonly subscriptions: number }[];
}

/** Who listens and where it is loud, counted when somebody asks. */
export function exportActivity(registry: Registry, sources: ActivitySources): void {
  const registers = [registry];
  new Gauge({
    name: "websocket_subscriptions_active",
    help: "subscriptions of this instance's sessions (A58)",
    registers,
    collect() {
      this.set(sources.subscriptions());
    },
  });
  new Gauge({
    name: "room_messages_last_hour",
    help: `messages this instance broadcast, the ${ROOMS_SHOWN} busiest rooms (D55)`,
    labelNames: ["room"],
    registers,
    collect() {
      this.reset();
      for (const { room, messages } of sources.busiestRooms(ROOMS_SHOWN)) this.set({ room }, messages);
    },
  });
  new Gauge({
    name: "room_subscriptions",
    help: `subscriptions on this instance, the ${ROOMS_SHOWN} fullest rooms (D55)`,
    labelNames: ["room"],
    registers,
    collect() {
      this.reset();
      for (const { room, subscriptions } of sources.fullestRooms(ROOMS_SHOWN)) {
        this.set({ room }, subscriptions);
      }
    },
  });
}
