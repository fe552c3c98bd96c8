import type { Contender } from "./contenders.ts";
import { cpuMs } from "./process-cost.ts";
import { emptyTally, type Tally, type Wire } from "./wire.ts";

/** Subscribers that connect at the same time, while a room is filled. */
const CONNECT_AT_ONCE = 50;
const BURST_DEADLINE_MS = 20_000;

/** A room full of subscribers, and somebody who speaks in it. */
export interface Room extends Disposable {
  readonly contender: Contender;
  readonly subscribers: number;
  readonly tally: Tally;
  readonly publishers: readonly Wire[];
}

export async function fillRoom(contender: Contender, subscribers: number, users: string): Promise<Room> {
  const tally = emptyTally();
  const urlOf = (n: number) => contender.urls[n % contender.urls.length]!;
  const wires: Wire[] = [];
  for (let from = 0; from < subscribers; from += CONNECT_AT_ONCE) {
    const numbers = Array.from({ length: Math.min(CONNECT_AT_ONCE, subscribers - from) }, (_, n) => from + n);
    wires.push(
      ...(await Promise.all(
        numbers.map(async (n) => {
          const wire = await contender.connect(urlOf(n), `${users}-${n}`, tally);
          await contender.subscribe(wire, ROOM);
          return wire;
        }),
      )),
    );
  }
  // A publisher is nobody's subscriber: what it receives is not counted.
  const speakTo = contender.publishToAll ? contender.urls : [contender.urls[0]!];
  const publishers = await Promise.all(
    speakTo.map((url) => contender.connect(url, `${users}-publisher`, emptyTally())),
  );
  return {
    contender,
    subscribers,
    tally,
    publishers,
    [Symbol.dispose]() {
      for (const wire of [...wires, ...publishers]) wire.close();
    },
  };
}

const ROOM = "bench";

export interface FanOut {
  /** Deliveries in a second of the clock, the way in included. */
  readonly perSecond: number;
  /** Deliveries for a second of the servers' CPU, user and system: what one core could do. Machine load hardly shows. */
  readonly perCpuSecond: number;
  readonly bytesEach: number;
}

/** One burst of `due` messages after the other, each when every subscriber has the one before, for `durationMs`. */
export async function runFanOut(room: Room, due: number, durationMs: number): Promise<FanOut> {
  const pids = await room.contender.pids();
  const { tally } = room;
  const texts = room.contender.publication(ROOM, due);
  await burst(room, texts, due);
  const before = { cpuMs: await cpuMs(pids), atMs: performance.now(), ...tally };
  while (performance.now() - before.atMs < durationMs) await burst(room, texts, due);
  const seconds = (performance.now() - before.atMs) / 1_000;
  const cpuSeconds = ((await cpuMs(pids)) - before.cpuMs) / 1_000;
  const deliveries = tally.messages - before.messages;
  return {
    perSecond: deliveries / seconds,
    perCpuSecond: deliveries / cpuSeconds,
    bytesEach: (tally.bytes - before.bytes) / deliveries,
  };
}

async function burst(room: Room, texts: readonly string[], due: number): Promise<void> {
  const { tally } = room;
  const goal = tally.messages + due * room.subscribers;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(
    () => reject(new Error(`${room.contender.name}: ${goal - tally.messages} deliveries did not come`)),
    BURST_DEADLINE_MS,
  );
  tally.onMessage = () => {
    if (tally.messages >= goal) resolve();
  };
  try {
    for (const publisher of room.publishers) publisher.send(...texts);
    await promise;
  } finally {
    clearTimeout(late);
    tally.onMessage = undefined;
  }
}

/** One message every `everyMs`, whether the one before has arrived or not, for `durationMs`. */
export async function runPaced(room: Room, everyMs: number, durationMs: number): Promise<{ sent: number }> {
  const texts = room.contender.publication(ROOM, 1);
  const startMs = performance.now();
  let sent = 0;
  while (performance.now() - startMs < durationMs) {
    const dueMs = startMs + sent * everyMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    for (const publisher of room.publishers) publisher.send(...texts);
    sent += 1;
  }
  return { sent };
}
