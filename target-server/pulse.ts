import type { Connection } from "./connection.ts";
import type { Metrics } from "./metrics.ts";

const TICK_MAX_MS = 1_000;
const TICK_MIN_MS = 20;
/** This late, and the loop was held up: what clients sent meanwhile is still unread. */
const HELD_UP_MS = 500;
const SLOW_AFTER_MS = 1_000;
const SAMPLE_EVERY_MS = 1_000;

/**
 * One timer for the clocks of all connections, independent of handlers and stores (A59), and the sampling of what
 * waits for them once a second (D7).
 */
export function startPulse(
  connections: ReadonlySet<Connection>,
  beatMs: number,
  metrics: Metrics,
): Disposable {
  const tickMs = Math.min(TICK_MAX_MS, Math.max(TICK_MIN_MS, Math.round(beatMs / 10)));
  let lastMs = performance.now();
  const clocks = setInterval(() => {
    const nowMs = performance.now();
    const lateMs = nowMs - lastMs - tickMs;
    const peersMayBeBlamed = lateMs < HELD_UP_MS;
    metrics.heartbeatLateness.observe(Math.max(0, lateMs) / 1_000);
    lastMs = nowMs;
    for (const connection of connections) connection.tick(nowMs, tickMs, peersMayBeBlamed);
  }, tickMs);

  const samples = setInterval(() => {
    let bytes = 0;
    let slow = 0;
    for (const connection of connections) {
      const waiting = connection.waiting();
      metrics.sendQueueDepth.observe(waiting.depth);
      bytes += waiting.bytes;
      if (waiting.ageMs > SLOW_AFTER_MS) slow += 1;
    }
    metrics.sendQueueBytes.set(bytes);
    metrics.slowClients.set(slow);
  }, SAMPLE_EVERY_MS);

  return {
    [Symbol.dispose]() {
      clearInterval(clocks);
      clearInterval(samples);
    },
  };
}
