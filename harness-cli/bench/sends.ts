import type { Contender } from "./contenders.ts";
import { cpuMs } from "./process-cost.ts";
import { emptyTally, type Tally, type Wire } from "./wire.ts";

/** Senders, each in a room of its own, with as many unanswered SENDs each; together under the server's 500. */
const SENDERS = 10;
const UNANSWERED = 20;
const ANSWER_DEADLINE_MS = 20_000;

export interface Senders extends Disposable {
  readonly contender: Contender;
  readonly wires: readonly { readonly wire: Wire; readonly tally: Tally; readonly room: string }[];
}

export async function connectSenders(contender: Contender): Promise<Senders> {
  const wires = await Promise.all(
    Array.from({ length: SENDERS }, async (_, n) => {
      const tally = emptyTally();
      const wire = await contender.connect(contender.urls[0]!, `sender-${n}`, tally);
      return { wire, tally, room: `sends-${n}` };
    }),
  );
  return {
    contender,
    wires,
    [Symbol.dispose]() {
      for (const { wire } of wires) wire.close();
    },
  };
}

export interface Sends {
  /** Stored and answered. */
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

let ids = 0;

export async function runSends(senders: Senders, durationMs: number): Promise<Sends> {
  const pids = await senders.contender.pids();
  const beforeCpuMs = await cpuMs(pids);
  const startMs = performance.now();
  const counts = await Promise.all(
    senders.wires.map(async ({ wire, tally, room }) => {
      const send = (count: number) => {
        const fresh = Array.from({ length: count }, () => `r-${++ids}`);
        wire.send(...senders.contender.storing(room, fresh));
      };
      const before = tally.answers;
      let sent = UNANSWERED;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const late = setTimeout(
        () => reject(new Error(`${senders.contender.name}: answers are missing${wire.ended ?? ""}`)),
        durationMs + ANSWER_DEADLINE_MS,
      );
      tally.onAnswer = () => {
        if (performance.now() - startMs < durationMs) {
          sent += 1;
          send(1);
        } else if (tally.answers - before === sent) {
          resolve();
        }
      };
      send(UNANSWERED);
      await promise.finally(() => clearTimeout(late));
      tally.onAnswer = undefined;
      return sent;
    }),
  );
  const seconds = (performance.now() - startMs) / 1_000;
  const cpuSeconds = ((await cpuMs(pids)) - beforeCpuMs) / 1_000;
  const stored = counts.reduce((sum, count) => sum + count, 0);
  return { perSecond: stored / seconds, perCpuSecond: stored / cpuSeconds };
}
