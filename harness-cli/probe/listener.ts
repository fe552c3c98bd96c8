import { setTimeout as timer } from "node:timers/promises";
import { emptyHistogram, type Histogram, record, toData } from "../../scenarios/model/histogram.ts";
import { findIdentity, identityPrefix } from "../../scenarios/model/identity.ts";
import type { ProbeReport, ProbeTask } from "./messages.ts";
import { openStompLine, type StompLine } from "./stomp-line.ts";

export interface Listener {
  /** A destination to listen to; one that is known already changes nothing. */
  add(destination: string): void;
  /** What was seen since the previous call. */
  take(atMs: number): ProbeReport;
  /** Resolves when every server has answered the close, at the latest after `ms`. */
  close(ms: number): Promise<void>;
}

/** After a lost connection. The load's own back-off is not measured here. */
const RECONNECT_MS = 1_000;

/**
 * A few subscriptions, each with a connection and a user of its own (`probe-0`, `probe-1` …, whom no plan has), dealt
 * out evenly over the endpoints. The first destination is listened to at each of them, since an instance where nobody
 * listens may be the slow one; then they take the destinations in the order in which the load came to them. Where there
 * are fewer of those, the rest stays unused.
 */
export function listen(task: ProbeTask, nowMs: () => number): Listener {
  const prefix = identityPrefix(task.nonce);
  const known = new Set<string>();
  /** Of each subscription. */
  const destinations: string[] = [];
  const lines = new Set<StompLine>();
  const confirmed = new Set<number>();
  let bySecond = new Map<number, Histogram>();
  let isClosed = false;
  const allClosed = Promise.withResolvers<void>();

  function measure(text: string): void {
    const arrivedMs = nowMs();
    for (let at = text.indexOf(prefix); at >= 0; at = text.indexOf(prefix, at + prefix.length)) {
      const identity = findIdentity(text, prefix, at);
      if (!identity) continue;
      const second = Math.floor(identity.intendedMs / 1_000);
      let histogram = bySecond.get(second);
      if (!histogram) {
        histogram = emptyHistogram();
        bySecond.set(second, histogram);
      }
      record(histogram, Math.round((arrivedMs - identity.intendedMs) * 1_000));
    }
  }

  function subscribe(number: number): void {
    if (isClosed) return;
    const line = openStompLine(
      {
        url: task.endpoints[number % task.endpoints.length] as string,
        access: task.access,
        user: `probe-${number}`,
        timeScale: task.timeScale,
      },
      {
        connected: () =>
          line.send("SUBSCRIBE", {
            id: "probe",
            destination: destinations[number] as string,
            receipt: "subscribed",
          }),
        text(text) {
          if (!confirmed.has(number) && text.includes("\nreceipt-id:subscribed\n")) confirmed.add(number);
          measure(text);
        },
        closed() {
          lines.delete(line);
          confirmed.delete(number);
          if (!isClosed) setTimeout(() => subscribe(number), RECONNECT_MS);
          else if (lines.size === 0) allClosed.resolve();
        },
      },
    );
    lines.add(line);
  }

  return {
    add(destination) {
      if (known.has(destination)) return;
      known.add(destination);
      const wanted = known.size === 1 ? task.endpoints.length : 1;
      const free = task.subscriptions - destinations.length;
      for (let n = 0; n < Math.min(wanted, free); n++) subscribe(destinations.push(destination) - 1);
    },
    take(atMs) {
      const delivery = [...bySecond].map(([second, histogram]) => ({ second, data: toData(histogram) }));
      bySecond = new Map();
      const heardAt = new Set([...confirmed].map((number) => number % task.endpoints.length));
      const everywhere = heardAt.size === task.endpoints.length;
      return { atMs, subscriptions: confirmed.size, ...(everywhere ? { everywhere } : {}), delivery };
    },
    close(ms) {
      isClosed = true;
      if (lines.size === 0) allClosed.resolve();
      for (const line of lines) line.close();
      return Promise.race([allClosed.promise, timer(ms)]);
    },
  };
}
