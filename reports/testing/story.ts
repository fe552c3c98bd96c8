import type { FaultStep, FaultWindow } from "../../chaos/timeline.ts";
import { emptyHistogram, record as recordSample, toData } from "../../scenarios/model/histogram.ts";
import type { CountName, HistogramName } from "../../scenarios/model/metrics.ts";
import type {
  ConnectionEvent,
  EngineError,
  Flush,
  Observation,
  Oddity,
  OutcomeTuple,
  ReceivedTuple,
  SecondHistogram,
  SendTuple,
  SequenceTuple,
  SlowTuple,
  Telemetry,
} from "../../scenarios/model/telemetry.ts";
import { assemble, type RecordLines } from "../record/assemble.ts";
import type { Ended, HistoryEvent } from "../record/history.ts";
import type { Plan, PlannedCheck } from "../record/plan.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { AuditLine, MachineSample, Sample } from "../record/samples.ts";

const ROOMS = { sendDestination: "/app/chat.send/{room}", subscribeDestination: "/topic/room.{room}" };

/**
 * A small run told by hand, for tests: every line says what happened and when, in ms after the start, and `record()`
 * sends it through the same flushes, second by second, that an engine would have written. Three servers; client n
 * dials endpoint n % 3.
 */
export class Story {
  #plan: Plan;
  readonly #history: HistoryEvent[] = [];
  readonly #samples: Sample[] = [];
  readonly #flushes = new Map<number, MutableFlush>();
  readonly #errors: EngineError[] = [];
  readonly #connected = new Map<number, { attempt: number; endpoint: number }>();
  #ended: Ended | undefined = { how: "completed" };
  #stoppingMs: number | undefined;
  #audit: AuditLine | undefined;
  #subscriptions = 0;
  #lostFlushes = new Set<number>();
  #endsAtMs: number | undefined;

  constructor(plan: Partial<Plan> = {}) {
    this.#plan = {
      format: 1,
      seed: 7,
      nonce: "abc123",
      timeScale: 1,
      scenario: { name: "story", params: ROOMS },
      engine: "k6",
      timing: { warmUpMs: 2_000, publishUntilMs: 20_000, endMs: 22_000 },
      clients: 3,
      roles: [{ name: "chatter", clients: 3, engine: "k6", provokes: [] }],
      clientDefects: [],
      target: { kind: "reference", instances: 3, defects: [], runAs: "processes" },
      timeline: [],
      checks: [],
      ...plan,
    };
    this.#history.push({ kind: "run", atMs: -500, what: "planned" });
    this.#history.push({ kind: "run", atMs: 0, what: "go", startEpochMs: 1_795_330_000_000 });
  }

  checks(...checks: readonly PlannedCheck[]): this {
    this.#plan = { ...this.#plan, checks };
    return this;
  }

  /** A fault that happened as planned, unless `steps` tells it otherwise. */
  fault(
    fault: string,
    target: string,
    fromMs: number,
    toMs: number,
    more: {
      closes?: number[];
      drops?: boolean;
      steps?: readonly (readonly [FaultStep, number])[];
      when?: FaultWindow["when"];
      schedule?: string;
    } = {},
  ): this {
    const { closes = [1_006], drops = true } = more;
    const steps = more.steps ?? [
      ["injecting", fromMs],
      ["injected", fromMs + 5],
      ["observed", fromMs + 10],
      ["healing", toMs - 100],
      ["healed", toMs],
    ];
    const index = this.#plan.timeline.length;
    const window: FaultWindow = {
      ...{ index, fault, target, params: {}, fromMs, toMs, closes, drops },
      ...(more.when ? { when: more.when } : {}),
      ...(more.schedule ? { schedule: more.schedule } : {}),
    };
    this.#plan = { ...this.#plan, timeline: [...this.#plan.timeline, window] };
    for (const [step, atMs] of steps)
      this.#history.push({ kind: "fault", atMs, index, fault, target, step, detail: `${step} by hand` });
    return this;
  }

  due(client: number, atMs: number, endpoint = client % 3, attempt = this.#nextAttempt(client)): this {
    return this.#connection({ what: "due", atMs, client, attempt, endpoint });
  }

  connect(client: number, atMs: number, endpoint = client % 3): this {
    const attempt = this.#nextAttempt(client);
    this.#connected.set(client, { attempt, endpoint });
    return this.#connection({
      what: "connected",
      atMs,
      client,
      attempt,
      endpoint,
      server: `server-${endpoint + 1}`,
    });
  }

  /** Returns the subscription's number. */
  subscribe(client: number, room: string, atMs: number, askedMs = atMs - 2): number {
    const attempt = this.#connected.get(client)?.attempt ?? 0;
    const subscription = this.#subscriptions++;
    const destination = `/topic/room.${room}`;
    this.#connection({ what: "subscribed", atMs, client, attempt, subscription, destination, askedMs });
    return subscription;
  }

  /** Due, connected and subscribed at once; returns the subscription's number. */
  join(client: number, room: string, atMs: number, endpoint = client % 3): number {
    this.due(client, atMs - 4, endpoint);
    this.connect(client, atMs - 2, endpoint);
    return this.subscribe(client, room, atMs);
  }

  close(
    client: number,
    atMs: number,
    how: { code?: number | null; by?: "self" | "peer" | "unknown"; silentMs?: number; reason?: string } = {},
  ): this {
    const { code = null, by = "unknown", silentMs = 0, reason = "" } = how;
    const { attempt, endpoint } = this.#connected.get(client) ?? { attempt: 0, endpoint: client % 3 };
    const server = `server-${endpoint + 1}`;
    return this.#connection({
      what: "closed",
      atMs,
      client,
      attempt,
      endpoint,
      server,
      code,
      reason,
      by,
      silentMs,
    });
  }

  fail(client: number, atMs: number, reason: string): this {
    return this.#connection({
      what: "failed",
      atMs,
      client,
      attempt: this.#nextAttempt(client),
      endpoint: 0,
      reason,
    });
  }

  /** An orderly leave. */
  leave(client: number, atMs = 22_000): this {
    return this.close(client, atMs, { code: 1_000, by: "self" });
  }

  /** Confirmed 5 ms later, unless `outcome` says otherwise (`null` for no answer). */
  send(
    publisher: number,
    slot: number,
    room: string,
    atMs: number,
    outcome: "c" | "r" | null = "c",
    afterMs = 5,
    lateMs = 0,
  ): this {
    const flush = this.#flush(atMs);
    flush.sends.push([publisher, slot, `/app/chat.send/${room}`, atMs, atMs + lateMs]);
    if (outcome) this.#flush(atMs + afterMs).outcomes.push([publisher, slot, atMs + afterMs, outcome]);
    return this;
  }

  receive(subscription: number, publisher: number, fromSlot: number, toSlot = fromSlot, atMs = 0): this {
    this.#flush(atMs).received.push([subscription, publisher, fromSlot, toSlot]);
    return this;
  }

  /** Numbers of the room's sequence that came to a subscription. */
  number(subscription: number, fromSequence: number, toSequence = fromSequence, atMs = 0): this {
    this.#flush(atMs).sequences.push([subscription, fromSequence, toSequence]);
    return this;
  }

  oddity(oddity: Oddity): this {
    this.#flush(oddity.atMs).oddities.push(oddity);
    return this;
  }

  /** What an examiner saw; the plan's role must have asked. */
  observe(observation: Observation): this {
    const flush = this.#flush(observation.atMs);
    flush.observations = [...(flush.observations ?? []), observation];
    return this;
  }

  slow(latencyMs: number, subscription: number, publisher: number, slot: number, receivedMs: number): this {
    this.#flush(receivedMs).slowest.push([latencyMs, subscription, publisher, slot, receivedMs]);
    return this;
  }

  /** `count` samples of `valueMs` in the second that begins at `atMs`. */
  measure(metric: HistogramName, atMs: number, valueMs: number, count = 1): this {
    const histogram = emptyHistogram();
    recordSample(histogram, valueMs * 1_000, count);
    const second = Math.floor(atMs / 1_000);
    this.#flush(atMs).histograms.push({ metric, role: "member", second, data: toData(histogram) });
    return this;
  }

  /** The same in every second of [fromMs, toMs). */
  measureEach(metric: HistogramName, fromMs: number, toMs: number, valueMs: number, count = 1): this {
    for (let atMs = fromMs; atMs < toMs; atMs += 1_000) this.measure(metric, atMs, valueMs, count);
    return this;
  }

  count(name: CountName, atMs: number, by: number): this {
    const { counts } = this.#flush(atMs);
    counts[name] = (counts[name] ?? 0) + by;
    return this;
  }

  /** A generator that keeps up for the whole run. */
  fitGenerator(): this {
    const { publishUntilMs } = this.#plan.timing;
    for (let atMs = 0; atMs < publishUntilMs; atMs += 1_000) {
      this.measure("loopLag", atMs, 2, 100);
      this.measure("lateness", atMs, 3, 50);
      this.count("sent", atMs, 50);
    }
    return this;
  }

  error(atMs: number, message: string): this {
    this.#errors.push({ type: "error", vu: 1, atMs, where: "onmessage", message });
    return this;
  }

  server(atMs: number, server: string, series: Record<string, number>, up = true): this {
    this.#samples.push({ kind: "server", atMs, server, up, series });
    return this;
  }

  machine(atMs: number, more: Partial<MachineSample> = {}): this {
    this.#samples.push({
      kind: "machine",
      atMs,
      cpu: 0.4,
      processCpu: {},
      processRss: {},
      loopLagP99Ms: 2,
      loopLagMaxMs: 3,
      clockStepMs: 0,
      ...more,
    });
    return this;
  }

  /** So many deliveries with this latency, as the probe saw them, of messages intended then. */
  probe(intendedMs: number, latencyMs: number, count: number, everywhere = true): this {
    const histogram = emptyHistogram();
    recordSample(histogram, latencyMs * 1_000, count);
    const second = Math.floor(intendedMs / 1_000);
    this.#samples.push({
      kind: "probe",
      atMs: intendedMs + 1_000,
      subscriptions: 10,
      everywhere,
      delivery: [{ second, data: toData(histogram) }],
    });
    return this;
  }

  stored(...stored: readonly (readonly [number, number, number])[]): this {
    this.#audit = {
      stored,
      source: "postgres",
      rows: stored.reduce((sum, [, from, to]) => sum + to - from + 1, 0),
    };
    return this;
  }

  /** How it ended, and until when the engine reported; undefined for a harness that died. */
  ended(ended: Ended | undefined, atMs: number): this {
    this.#ended = ended;
    this.#endsAtMs = atMs;
    return this;
  }

  /** Ctrl-C at that time: the clients are told to leave, and a second later it is over. */
  interrupted(atMs: number): this {
    this.#stoppingMs = atMs;
    return this.ended({ how: "interrupted", by: "SIGINT" }, atMs + 1_000);
  }

  /** The report of that second never arrived. */
  loseFlush(second: number): this {
    this.#lostFlushes.add(second);
    return this;
  }

  lines(): RecordLines {
    const endMs = this.#endsAtMs ?? this.#plan.timing.endMs;
    const ledger: Telemetry[] = [{ type: "hello", engine: "k6", vu: 1, clients: this.#plan.clients }];
    ledger.push(...this.#errors);
    for (let second = 0; second * 1_000 < endMs; second++) {
      if (this.#lostFlushes.has(second)) continue;
      const flush = this.#flushes.get(second) ?? emptyFlush();
      ledger.push({ type: "flush", vu: 1, sequence: second, atMs: (second + 1) * 1_000, ...flush });
    }
    // What happens at the very end (the clients' leave) comes with the last flush.
    const rest = this.#flushes.get(Math.ceil(endMs / 1_000));
    if (rest && this.#ended?.how === "completed") {
      ledger.push({ type: "flush", vu: 1, sequence: Math.ceil(endMs / 1_000), atMs: endMs + 50, ...rest });
    }
    const history = [...this.#history];
    if (this.#ended) {
      ledger.push({ type: "bye", vu: 1, atMs: endMs, abandoned: 0 });
      history.push({ kind: "run", atMs: this.#stoppingMs ?? endMs + 100, what: "stopping" });
      history.push({ kind: "run", atMs: endMs + 200, what: "ended", ended: this.#ended });
    }
    return {
      plan: this.#plan,
      history,
      ledger,
      samples: this.#samples,
      ...(this.#audit ? { audit: this.#audit } : {}),
    };
  }

  record(): RunRecord {
    return assemble(this.lines());
  }

  #nextAttempt(client: number): number {
    const last = this.#connected.get(client);
    return last === undefined ? 0 : last.attempt + 1;
  }

  #connection(event: ConnectionEvent): this {
    this.#flush(event.atMs).connections.push(event);
    return this;
  }

  #flush(atMs: number): MutableFlush {
    const second = Math.floor(atMs / 1_000);
    let flush = this.#flushes.get(second);
    if (!flush) {
      flush = emptyFlush();
      this.#flushes.set(second, flush);
    }
    return flush;
  }
}

type MutableFlush = Omit<Flush, "type" | "vu" | "sequence" | "atMs"> & {
  connections: ConnectionEvent[];
  sends: SendTuple[];
  outcomes: OutcomeTuple[];
  received: ReceivedTuple[];
  sequences: SequenceTuple[];
  oddities: Oddity[];
  observations?: Observation[];
  histograms: SecondHistogram[];
  counts: Record<string, number>;
  slowest: SlowTuple[];
};

function emptyFlush(): MutableFlush {
  return {
    connections: [],
    sends: [],
    outcomes: [],
    received: [],
    sequences: [],
    oddities: [],
    histograms: [],
    counts: {},
    gauges: {},
    slowest: [],
  };
}
