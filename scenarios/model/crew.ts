import { Agenda } from "./agenda.ts";
import { LEAVE_MS, type Life } from "./connection.ts";
import type { Engine, Examining, Pending, Wire, WireEvents } from "./engine.ts";
import { examine } from "./exam.ts";
import { Journal } from "./journal.ts";
import { live } from "./life.ts";
import type { LoadConfig, Shard } from "./load-config.ts";
import { random } from "./random.ts";
import { roundMs } from "./round-ms.ts";
import type { Role, Scenario } from "./scenario.ts";
import { dueMs } from "./schedule.ts";
import type { Flush, Telemetry } from "./telemetry.ts";

/** What a crew needs of the engine that it runs in: a clock, one timer, sockets and somewhere to report to. */
export interface Ports {
  /** Ms after the run's start, with fractions; negative before it. */
  nowMs(): number;
  /** Runs a task after a delay; returns what cancels it. */
  wake(afterMs: number, task: () => void): () => void;
  dial(url: string, events: WireEvents): Wire;
  connectHeaders(user: string): Readonly<Record<string, string>>;
  emit(line: Telemetry): void;
  readonly examining?: Examining;
}

/** How long one turn may work off what is due before arrivals get their turn again. */
const TURN_MS = 5;
/** The distance of the ticks that measure the generator's own event loop. */
const TICK_MS = 10;
/** Between two steps of a flush. */
const STEP_MS = 1;
/** Errors reported in full; a handler that throws on every message would flood the record. */
const ERRORS_MAX = 100;
/** After the deadline of DISCONNECT: nobody is waited for any longer. */
const LEFT_MS = LEAVE_MS + 200;

interface Member {
  readonly life: Life;
  readonly role: Role;
}

/** All clients of one VU and the one agenda that they share, from time zero to bye. */
export class Crew implements Engine {
  readonly config: LoadConfig;
  readonly journal: Journal;
  readonly gauges = { connected: 0, subscribed: 0, due: 0 };
  readonly unanswered = new Set<unknown>();
  readonly examining?: Examining;
  readonly #vu: number;
  readonly #ports: Ports;
  readonly #members: readonly Member[];
  readonly #agenda = new Agenda();
  readonly #atEnd = new Set<AtEnd>();
  /** The flush that is being written out. */
  #flush: Generator<void, Flush[]> | undefined;
  #publishUntilMs: number;
  #ended = false;
  #endPending: Pending | undefined;
  #cancelWake: () => void = () => {};
  #wakeMs = Number.POSITIVE_INFINITY;
  #turning = false;
  #subscriptions = 0;
  #errors = 0;
  #over = false;

  /** `vu` is one of the config's shards. */
  constructor(scenario: Scenario, config: LoadConfig, vu: number, ports: Ports) {
    this.config = config;
    this.journal = new Journal(vu);
    this.#vu = vu;
    this.#ports = ports;
    this.#publishUntilMs = config.timing.publishUntilMs;
    if (ports.examining) this.examining = ports.examining;
    const shard = config.shards.find((one) => one.vu === vu);
    this.#members = shard ? membersOf(scenario, config, shard) : [];
  }

  get clients(): number {
    return this.#members.length;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get publishUntilMs(): number {
    return this.#publishUntilMs;
  }

  nowMs(): number {
    return this.#ports.nowMs();
  }

  at(atMs: number, task: () => void, owner?: Set<Pending>): Pending {
    const pending = this.#agenda.at(atMs, task, owner);
    this.#arm();
    return pending;
  }

  atEnd(task: () => void, owner?: Set<Pending>): Pending {
    const pending = new AtEnd(task, this.#atEnd, owner);
    if (this.#ended) pending.run();
    else pending.wait();
    return pending;
  }

  dial(url: string, events: WireEvents): Wire {
    return this.#ports.dial(url, events);
  }

  connectHeaders(user: string): Readonly<Record<string, string>> {
    return this.#ports.connectHeaders(user);
  }

  newSubscription(): number {
    return this.#subscriptions++ * this.config.vusInAll + this.#vu - 1;
  }

  report(where: string, error: unknown): void {
    if (this.#errors++ >= ERRORS_MAX) return;
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#ports.emit({ type: "error", vu: this.#vu, atMs: this.#atMs(), where, message });
  }

  /** The whole run of this VU. Call it once time zero is known; resolves when bye is out. */
  async run(): Promise<void> {
    this.#measureLag();
    this.#flushFrom(1);
    this.#endAt(this.config.timing.endMs);
    const lived = this.#liveAll();
    // A session that waits for something of its own must not keep the run alive.
    const left = new Promise<void>((resolve) => {
      this.atEnd(() => this.at(this.nowMs() + LEFT_MS, resolve));
    });
    // Who has nothing left to do still reports, or its silence would look like a load that hangs.
    const ended = new Promise<void>((resolve) => this.atEnd(resolve));
    await Promise.race([Promise.all([lived, ended]), left]);
    this.#end();
    for (const { life } of this.#members) life.publisher?.skipOffline(this.#publishUntilMs);
    this.#over = true;
    this.#cancelWake();
    this.#flushRest();
    const abandoned = this.unanswered.size;
    this.#ports.emit({ type: "bye", vu: this.#vu, atMs: this.#atMs(), abandoned });
  }

  /** Counts them down: `Promise.all` costs 5 KB for each of them in k6. */
  #liveAll(): Promise<void> {
    return new Promise((resolve) => {
      let alive = this.#members.length;
      if (alive === 0) resolve();
      const begin = async ({ life, role }: Member) => {
        try {
          await ("exam" in role ? examine(life, role, this) : live(life, role, this));
        } catch (error) {
          this.report(life.client.user, error);
        }
        alive -= 1;
        if (alive === 0) resolve();
      };
      for (const member of this.#members) void begin(member);
    });
  }

  /** Ends early: nothing is published any more, what is in flight may arrive for `drainMs`, then all leave. */
  stop(drainMs: number): void {
    const nowMs = Math.max(0, this.nowMs());
    if (this.#ended) return;
    this.#publishUntilMs = Math.min(this.#publishUntilMs, nowMs);
    this.#endAt(Math.min(this.config.timing.endMs, nowMs + drainMs));
  }

  #endAt(atMs: number): void {
    this.#endPending?.cancel();
    this.#endPending = this.at(atMs, () => this.#end());
  }

  /** Idempotent. Whoever stays connected leaves now; whoever waits for a next attempt does not make it. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const pending of [...this.#atEnd]) pending.run();
  }

  // Telemetry

  #flushFrom(second: number): void {
    this.at(second * 1_000, () => {
      // After a stall the missed seconds are one flush, not many empty ones.
      this.#flushFrom(Math.max(second, Math.floor(this.nowMs() / 1_000)) + 1);
      if (this.#flush) return;
      this.#flush = this.journal.take(this.nowMs(), { ...this.gauges });
      this.#flushStep();
    });
  }

  /** One step a turn, so that what arrives or is due meanwhile does not wait for all of it. */
  #flushStep(): void {
    const step = this.#flush?.next();
    if (!step) return;
    if (!step.done) {
      // Not by the agenda: where that is late each step would wait behind all that is due, and nobody hear of it.
      this.#ports.wake(STEP_MS, () => this.#flushStep());
      return;
    }
    this.#flush = undefined;
    for (const flush of step.value) this.#ports.emit(flush);
  }

  /** What is half done, then what came since; at the end there is nobody left to wait. */
  #flushRest(): void {
    const half = this.#flush;
    this.#flush = undefined;
    for (const steps of [half, this.journal.take(this.nowMs(), { ...this.gauges })]) {
      let step = steps?.next();
      while (steps && step && !step.done) step = steps.next();
      if (step?.done) for (const flush of step.value) this.#ports.emit(flush);
    }
  }

  /** For the record; an error may come before time zero is known. */
  #atMs(): number {
    const nowMs = this.nowMs();
    return Number.isFinite(nowMs) ? roundMs(nowMs) : 0;
  }

  /**
   * Ticks on a fixed grid, from time zero on. A stall is counted once for every tick that it made late, as it is for
   * every message: one long sample among a hundred short ones would hide it.
   */
  #measureLag(dueMs = TICK_MS): void {
    this.#ports.wake(Math.max(0, dueMs - this.nowMs()), () => {
      if (this.#over) return;
      const nowMs = this.nowMs();
      let nextMs = dueMs;
      for (; nextMs <= nowMs; nextMs += TICK_MS) {
        this.journal.measure("loopLag", "generator", nextMs, nowMs - nextMs);
      }
      this.#measureLag(nextMs);
    });
  }

  // The one timer

  #arm(): void {
    if (this.#turning || this.#over) return;
    const nextMs = this.#agenda.nextMs();
    if (nextMs === undefined || nextMs >= this.#wakeMs) return;
    this.#cancelWake();
    this.#wakeMs = nextMs;
    this.#cancelWake = this.#ports.wake(Math.max(0, nextMs - this.nowMs()), () => {
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#turn();
    });
  }

  #turn(): void {
    this.#turning = true;
    this.#agenda.runDue(
      () => this.nowMs(),
      (error) => this.report("agenda", error),
      TURN_MS,
    );
    this.#turning = false;
    this.#arm();
  }
}

class AtEnd implements Pending {
  readonly #task: () => void;
  readonly #all: Set<AtEnd>;
  readonly #owner: Set<Pending> | undefined;

  constructor(task: () => void, all: Set<AtEnd>, owner?: Set<Pending>) {
    this.#task = task;
    this.#all = all;
    this.#owner = owner;
  }

  wait(): void {
    this.#all.add(this);
    this.#owner?.add(this);
  }

  run(): void {
    this.cancel();
    this.#task();
  }

  cancel(): void {
    this.#all.delete(this);
    this.#owner?.delete(this);
  }
}

/** Clients are numbered through all roles, in the order of the scenario, whoever plays them. */
function membersOf(scenario: Scenario, config: LoadConfig, { roles, part, parts }: Shard): Member[] {
  const members: Member[] = [];
  let number = 0;
  for (const [name, role] of Object.entries(scenario.roles(config.params))) {
    for (let index = 0; index < role.load.clients; index++, number++) {
      if (!roles.includes(name) || number % parts !== part) continue;
      const client = {
        number,
        role: name,
        user: `user-${number}`,
        random: random(config.seed, "client", number),
      };
      members.push({ role, life: { client, dueMs: dueMs(role.load, index) } });
    }
  }
  return members;
}
