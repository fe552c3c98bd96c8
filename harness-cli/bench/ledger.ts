import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Plan } from "../../reports/record/plan.ts";
import { runFiles } from "../../reports/record/run-dir.ts";
import { openRecord, type RecordWriter } from "../../reports/record/writer.ts";
import { Journal } from "../../scenarios/model/journal.ts";
import type { JudgedRecord } from "./programs/judge-record.ts";

/**
 * A made-up run of a chat without a mistake, in which everybody sends once a second. No two messages of a pair of
 * users share a flush then, which is the worst that the ledger's runs can meet.
 */
export interface LedgerShape {
  readonly clients: number;
  readonly roomSize: number;
  readonly seconds: number;
}

/** The ten million deliveries, at 10,000 a second. */
export const TEN_MILLION: LedgerShape = { clients: 1_000, roomSize: 10, seconds: 1_000 };
export const QUICK: LedgerShape = { clients: 1_000, roomSize: 10, seconds: 50 };

export interface LedgerFigures extends JudgedRecord {
  readonly deliveries: number;
  /** What the engine tells of each second of this load. */
  readonly bytesPerSecond: number;
  /** CPU of the journal alone for one delivery, its flushes included, µs. */
  readonly journalUs: number;
  /** Reading all bytes of the ledger and doing nothing with them. */
  readonly bareMs: number;
  /** The same with JSON.parse of every line and nothing else. */
  readonly parseMs: number;
}

/** Makes the record in a folder of its own, lets a process of its own judge it, and takes the folder away. */
export async function benchLedger(shape: LedgerShape, node: string, folder: string): Promise<LedgerFigures> {
  await mkdir(folder, { recursive: true });
  const dir = await mkdtemp(path.join(folder, "ledger-"));
  try {
    const journalUs = makeRecord(dir, shape);
    const file = path.join(dir, runFiles.ledger);
    const { size } = await stat(file);
    const program = path.join(import.meta.dirname, "programs", "judge-record.ts");
    const bareMs = await timed(() => barePass(file));
    const parseMs = await timed(() => parsePass(file));
    const { stdout } = await promisify(execFile)(node, [program, dir]);
    return {
      deliveries: shape.clients * shape.roomSize * shape.seconds,
      bytesPerSecond: size / shape.seconds,
      journalUs,
      bareMs,
      parseMs,
      ...(JSON.parse(stdout) as JudgedRecord),
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function timed(act: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await act();
  return performance.now() - before;
}

async function barePass(file: string): Promise<void> {
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) void chunk;
}

async function parsePass(file: string): Promise<void> {
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) JSON.parse(line);
  }
}

/** Users subscribe at 0.5 s and send from 1 s on; the last second is the drain. */
export function makeRecord(dir: string, shape: LedgerShape): number {
  const { clients, roomSize, seconds } = shape;
  const endMs = (seconds + 2) * 1_000;
  const writer = openRecord(dir, planOf(shape, endMs));
  writer.history({ kind: "run", atMs: 0, what: "go", startEpochMs: 1_795_330_000_000 });
  writer.telemetry({ type: "hello", engine: "native", vu: 1, clients });
  const journal = new Journal(1);
  for (let client = 0; client < clients; client++) {
    const who = { client, attempt: 0, endpoint: client % 3 };
    journal.connection({ what: "due", atMs: 100, ...who });
    journal.connection({ what: "connected", atMs: 200, ...who });
    const destination = `/topic/room.room-${Math.floor(client / roomSize)}`;
    const asked = { client, attempt: 0, subscription: client, destination, askedMs: 300 };
    journal.connection({ what: "subscribed", atMs: 500, ...asked });
  }
  const before = process.cpuUsage();
  flush(journal, 1_000, writer);
  for (let second = 0; second < seconds; second++) {
    const fromMs = (second + 1) * 1_000;
    for (let client = 0; client < clients; client++) {
      // Their phases are spread over the second.
      sendAndReceive(journal, shape, client, second, fromMs + (client % 997));
    }
    flush(journal, fromMs + 1_000, writer);
  }
  const { user, system } = process.cpuUsage(before);
  for (let client = 0; client < clients; client++) {
    const who = { client, attempt: 0, endpoint: client % 3 };
    const how = { code: 1_000, reason: "", by: "self", silentMs: 0 } as const;
    journal.connection({ what: "closed", atMs: endMs, ...who, ...how });
  }
  flush(journal, endMs + 10, writer);
  writer.telemetry({ type: "bye", vu: 1, atMs: endMs + 20, abandoned: 0 });
  writer.audit({
    stored: Array.from({ length: clients }, (_, client) => [client, 0, seconds - 1] as const),
    source: "postgres",
    rows: clients * seconds,
  });
  writer.close({ kind: "run", atMs: endMs + 50, what: "ended", ended: { how: "completed" } });
  return (user + system) / (clients * roomSize * seconds);
}

function sendAndReceive(
  journal: Journal,
  shape: LedgerShape,
  client: number,
  slot: number,
  atMs: number,
): void {
  const { roomSize } = shape;
  const room = Math.floor(client / roomSize);
  journal.sent([client, slot, `/app/chat.send/room-${room}`, atMs, atMs + 0.25]);
  journal.outcome(client, slot, atMs + 2.5, "c");
  journal.measure("confirm", "chatter", atMs, 2.5, `/app/chat.send/room-${room}`);
  const destination = `/topic/room.room-${room}`;
  const sequence = slot * roomSize + (client % roomSize) + 1;
  for (let member = 0; member < roomSize; member++) {
    const subscription = room * roomSize + member;
    const receivedMs = atMs + 1 + ((client * 7 + member * 13 + slot) % 40) / 10;
    journal.arrived({
      publisher: client,
      slot,
      intendedMs: atMs,
      subscription,
      sequence,
      receivedMs,
      role: "chatter",
      destination,
    });
  }
}

function flush(journal: Journal, atMs: number, writer: RecordWriter): void {
  const steps = journal.take(atMs, { connected: 1, subscribed: 1, due: 1 });
  let step = steps.next();
  while (!step.done) step = steps.next();
  for (const line of step.value) writer.telemetry(line);
}

function planOf({ clients }: LedgerShape, endMs: number): Plan {
  return {
    format: 1,
    seed: 1,
    nonce: "bench1",
    timeScale: 1,
    scenario: {
      name: "ledger",
      params: {
        sendDestination: "/app/chat.send/room-{room}",
        subscribeDestination: "/topic/room.room-{room}",
      },
    },
    engine: "native",
    timing: { warmUpMs: 1_000, publishUntilMs: endMs - 1_000, endMs },
    clients,
    roles: [{ name: "chatter", clients, engine: "native", provokes: [] }],
    clientDefects: [],
    target: { kind: "reference", instances: 3, defects: [], runAs: "processes" },
    timeline: [],
    checks: [],
  };
}
