import { setTimeout as timer } from "node:timers/promises";
import { emptyHistogram, percentile, record } from "../../scenarios/model/histogram.ts";
import { openStompLine, type StompLine } from "../probe/stomp-line.ts";
import type { Beside } from "../run.ts";

/**
 * How load tools that are often used measure, for comparison only: the next message is sent when the one before has
 * come back, and timed from when it was really sent. While the server stands still it sends nothing, so one sample
 * stands for the whole stall (coordinated omission).
 */
export interface Naive {
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly samples: number;
}

/** The server takes 10 messages a second of one session (A69): one loop over so many sessions may send 5 times that. */
const SESSIONS = 5;
const PAUSE_MS = 25;
/** No plan has so many rooms of ours: nobody of the load hears this. */
const DESTINATION = "/app/chat.send/room-selftest";
const TOPIC = "/topic/room.room-selftest";

/** Until the run ends. Undefined when it never got a message through. */
export async function closedLoop(stage: Beside, timeScale: number): Promise<Naive | undefined> {
  const { endpoints, access } = stage.target;
  const latency = emptyHistogram();
  const ready: Promise<void>[] = [];
  const lines: StompLine[] = [];
  /** Resolves when the text of the message that is under way has come. */
  let awaited = { text: "", arrived: () => {} };
  const heard = Promise.withResolvers<void>();
  for (let i = 0; i < SESSIONS; i++) {
    const connected = Promise.withResolvers<void>();
    ready.push(connected.promise);
    const line = openStompLine(
      { url: endpoints[0] as string, access, user: `naive-${i}`, timeScale },
      {
        connected() {
          connected.resolve();
          if (i === 0) line.send("SUBSCRIBE", { id: "naive", destination: TOPIC, receipt: "listening" });
        },
        text(text) {
          if (i !== 0) return;
          if (text.includes("receipt-id:listening")) heard.resolve();
          if (awaited.text !== "" && text.includes(awaited.text)) awaited.arrived();
        },
        closed() {},
      },
    );
    lines.push(line);
  }
  const over = new Promise<void>((resolve) => {
    if (stage.signal.aborted) resolve();
    stage.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([Promise.all([...ready, heard.promise]), over]);
  for (let n = 0; !stage.signal.aborted; n++) {
    const arrived = Promise.withResolvers<void>();
    awaited = { text: `naive/${n}/`, arrived: arrived.resolve };
    const sentMs = performance.now();
    const body = JSON.stringify({ content: awaited.text });
    lines[n % SESSIONS]?.send("SEND", { destination: DESTINATION, "content-type": "application/json" }, body);
    await Promise.race([arrived.promise.then(() => measure(performance.now() - sentMs)), over]);
    await timer(PAUSE_MS);
  }
  for (const line of lines) line.close();
  const p99Us = percentile(latency, 0.99);
  if (p99Us === undefined) return undefined;
  return { p99Ms: p99Us / 1_000, maxMs: latency.maxUs / 1_000, samples: latency.total };

  function measure(ms: number): void {
    record(latency, Math.round(ms * 1_000));
  }
}
