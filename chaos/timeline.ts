import { setTimeout as wait } from "node:timers/promises";
import { type Condition, showCondition } from "./condition.ts";
import { type Answer, askUntil, DeadlinePassed, messageOf, within } from "./deadline.ts";
import type { Fault, FaultParams, Undo } from "./fault.ts";
import type { Port } from "./topology.ts";

/** One planned disturbance. Complete: nothing is left to choose when the run starts. */
export interface FaultWindow {
  /** Position in the plan's timeline; names the window in history, phases and evidence. */
  readonly index: number;
  readonly fault: string;
  /** Concrete name of a link, process or store. Victims were chosen by the seed when the plan was made. */
  readonly target: string;
  readonly params: FaultParams;
  /** ms after the run's start; with `when`, after the moment at which its condition came true. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What must come true first. The time at which it did is in the history. */
  readonly when?: Condition;
  /** Windows that carry the same name are one disturbance: judged together, as one phase (C64). */
  readonly schedule?: string;
  /** Copied from the fault, so that a record can be judged without it. */
  readonly closes: readonly number[];
  readonly drops: boolean;
  /** It acts on single frames: its link needs the frame proxy. */
  readonly frames?: true;
}

export type FaultStep =
  /** Its condition came true: the window's times count from here. */
  | "due"
  /** Its condition did not come true in time: it never happens, and what it was to show is unknown. */
  | "never-due"
  | "injecting"
  | "injected"
  | "observed"
  | "not-observed"
  | "failed"
  | "healing"
  | "healed"
  | "not-healed";

export interface FaultEvent {
  readonly kind: "fault";
  readonly atMs: number;
  readonly index: number;
  readonly fault: string;
  readonly target: string;
  readonly step: FaultStep;
  readonly detail?: string;
}

/** What `conduct` needs of the world around it. */
export interface Stage {
  /** ms after the run's start. */
  nowMs(): number;
  /** Resolves at that time of the run, or at once when `signal` aborts. */
  at(ms: number, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the condition holds, when its time is over, or when `signal` aborts; `why` says what was seen.
   * Absent where there is no load to look at.
   */
  until?(condition: Condition, signal: AbortSignal): Promise<Answer>;
  /** `on` tells apart a process and a store of the same name. */
  port(target: string, on: Port["kind"]): Port;
  fault(name: string): Fault;
  record(event: FaultEvent): void;
  /** Written durably before the act, removed after the undo. */
  undoLog: { add(window: FaultWindow): Promise<void>; remove(window: FaultWindow): Promise<void> };
}

/** How long a fault may take to show its effect, and to be gone again after its undo. */
export const OBSERVE_DEADLINE_MS = 5_000;
export const HEAL_DEADLINE_MS = 15_000;
/** How long a fault may take to be injected. */
export const INJECT_DEADLINE_MS = 10_000;

export interface Deadlines {
  readonly injectMs: number;
  readonly observeMs: number;
  /** For the undo, and again for its effect. */
  readonly healMs: number;
}

const deadlines: Deadlines = {
  injectMs: INJECT_DEADLINE_MS,
  observeMs: OBSERVE_DEADLINE_MS,
  healMs: HEAL_DEADLINE_MS,
};

/** Pause before a failed undo is tried again. */
const UNDO_PAUSE_MS = 250;

/** How one window went. The history has the times; this is what the caller must act on. */
export interface WindowResult {
  readonly window: FaultWindow;
  /** False when the run was interrupted before, or `inject` failed: then nothing was in force. */
  readonly injected: boolean;
  readonly observed: boolean;
  /** True also where nothing was injected. */
  readonly healed: boolean;
  readonly why?: string;
}

export interface ConductResult {
  readonly windows: readonly WindowResult[];
  /** What may still be in force: the run must fail loudly (SW_FAULT_NOT_HEALED). */
  readonly notHealed: readonly FaultWindow[];
}

/** A fault between its injection and the end of its undo. */
interface InForce {
  readonly window: FaultWindow;
  /** When its window ends, ms after the run's start. */
  readonly untilMs: number;
  readonly fault: Fault;
  readonly port: Port;
  readonly undo: Undo;
  /** Its undo has been tried: those before it may go on. */
  readonly tried: PromiseWithResolvers<void>;
  /** Its undo failed at least once, so nobody else's deadline waits for it. */
  stuck: boolean;
}

interface Show {
  readonly stage: Stage;
  readonly signal: AbortSignal;
  readonly deadlines: Deadlines;
  /** In the order of their injection. */
  readonly inForce: InForce[];
  /** Fault and target of every window from its injection until it is healed, for ever if it is not. */
  readonly taken: Set<string>;
}

/**
 * Carries out the timeline; windows overlap freely. Never rejects because of a fault: one that cannot be injected
 * is recorded as `failed` and the others go on. When `signal` aborts, nothing new is injected and all that is in
 * force is undone at once, the latest first. Resolves when every undo has ended, each within its own deadline.
 */
export async function conduct(
  windows: readonly FaultWindow[],
  stage: Stage,
  signal: AbortSignal,
  limits: Deadlines = deadlines,
): Promise<ConductResult> {
  const show: Show = { stage, signal, deadlines: limits, inForce: [], taken: new Set() };
  const results = await Promise.all(windows.map((window) => live(window, show)));
  return {
    windows: results,
    notHealed: results.filter((result) => !result.healed).map((result) => result.window),
  };
}

/** One window from its wait to its healing. */
async function live(window: FaultWindow, show: Show): Promise<WindowResult> {
  const { stage, signal, inForce, taken } = show;
  const none = { window, injected: false, observed: false, healed: true } as const;
  const zeroMs = await timeZero(window, show);
  if (typeof zeroMs === "string") return { ...none, why: zeroMs };
  await stage.at(zeroMs + window.fromMs, signal);
  if (signal.aborted) return { ...none, why: "interrupted" };

  const key = `${window.fault} ${window.target}`;
  const isTaken = taken.has(key);
  taken.add(key);
  const injected = await inject(window, zeroMs + window.toMs, isTaken, show);
  if ("why" in injected) {
    if (injected.healed && !isTaken) taken.delete(key);
    return { ...none, ...injected };
  }
  inForce.push(injected);

  const observed = await observe(injected, show);
  await stage.at(injected.untilMs, signal);
  // After an interrupt the undos begin in the reverse order of the injections: each waits for those after it.
  if (signal.aborted) await Promise.all(after(injected, inForce).map((later) => later.tried.promise));

  const healed = await heal(injected, show);
  if (healed.yes) taken.delete(key);
  const why = healed.why ?? observed.why;
  return {
    window,
    injected: true,
    observed: observed.yes,
    healed: healed.yes,
    ...(why === undefined ? {} : { why }),
  };
}

/** The moment from which the window's times count, ms after the run's start; or why it never comes. */
async function timeZero(window: FaultWindow, { stage, signal }: Show): Promise<number | string> {
  if (window.when === undefined) return 0;
  const name = showCondition(window.when);
  const answer = (await stage.until?.(window.when, signal)) ?? {
    yes: false,
    why: "there is no load to look at",
  };
  if (signal.aborted) return "interrupted";
  const seen = answer.why === undefined ? "" : `: ${answer.why}`;
  record(stage, window, answer.yes ? "due" : "never-due", `${name}${seen}`);
  return answer.yes ? stage.nowMs() : `${name} never came true${seen}`;
}

async function inject(
  window: FaultWindow,
  untilMs: number,
  isTaken: boolean,
  { stage, deadlines }: Show,
): Promise<InForce | { readonly healed: boolean; readonly why: string }> {
  try {
    await stage.undoLog.add(window);
  } catch (error) {
    record(stage, window, "failed", `the undo log could not be written: ${messageOf(error)}`);
    return { healed: true, why: messageOf(error) };
  }
  record(stage, window, "injecting");
  let injecting: Promise<Undo> | undefined;
  try {
    const fault = stage.fault(window.fault);
    // A plan cannot always know: two windows may wait for conditions, and an undo may take its time.
    if (isTaken && !fault.stacks) {
      throw new Error(`another ${window.fault} is still in force on ${window.target}`);
    }
    const port = stage.port(window.target, fault.on);
    injecting = fault.inject(port as never, window.params);
    const undo = await within(deadlines.injectMs, `injecting ${window.fault}`, injecting);
    record(stage, window, "injected", undo.detail?.());
    return { window, untilMs, fault, port, undo, tried: Promise.withResolvers(), stuck: false };
  } catch (error) {
    record(stage, window, "failed", messageOf(error));
    const healed = error instanceof DeadlinePassed ? await undoLate(injecting, deadlines) : true;
    if (healed) await stage.undoLog.remove(window);
    return { healed, why: messageOf(error) };
  }
}

/** An injection that came after its deadline must not stay. False when it cannot be known. */
async function undoLate(
  injecting: Promise<AsyncDisposable> | undefined,
  deadlines: Deadlines,
): Promise<boolean> {
  const undone = injecting?.then(
    (undo) => undo[Symbol.asyncDispose](),
    () => {},
  );
  try {
    await within(deadlines.healMs, "a late injection", Promise.resolve(undone));
    return true;
  } catch {
    return false;
  }
}

/** Looks for the effect until the observation's deadline or the window's end, whichever is first. */
async function observe(
  { window, untilMs: windowUntilMs, fault, port }: InForce,
  { stage, signal, deadlines }: Show,
): Promise<Answer> {
  const leftMs = Math.max(0, windowUntilMs - stage.nowMs());
  const untilMs = performance.now() + Math.min(deadlines.observeMs, leftMs);
  const answer = await askUntil({
    what: "looking for the effect",
    ask: () => fault.observed(port as never, window.params),
    untilMs: () => untilMs,
    signal,
  });
  if (answer.yes) record(stage, window, "observed");
  else record(stage, window, "not-observed", answer.why);
  return answer;
}

/** Undoes it, then looks until its effect is gone. The undo log keeps what could not be healed. */
async function heal(entry: InForce, show: Show): Promise<Answer> {
  const { stage, inForce } = show;
  const { window, fault, port } = entry;
  record(stage, window, "healing");
  const trouble = await undo(entry, show);
  inForce.splice(inForce.indexOf(entry), 1);

  // Nobody can see through another fault whether this one is gone.
  const answer = await askUntil({
    what: "looking whether the effect is gone",
    ask: () => fault.healed(port as never, window.params),
    untilMs: deadlineBehindOthers(entry, show),
  });
  if (!answer.yes) {
    const why = [trouble, answer.why].filter((part) => part !== undefined).join("; ");
    record(stage, window, "not-healed", why);
    return { yes: false, why };
  }
  const said = [trouble, entry.undo.detail?.()].filter((part) => part !== undefined);
  record(stage, window, "healed", said.length > 0 ? said.join("; ") : undefined);
  await stage.undoLog.remove(window);
  return answer;
}

/**
 * An undo may run twice, so one that fails is tried again until its deadline: a killed server may only come back
 * when its killed database has. Returns what went wrong, also if it worked in the end.
 */
async function undo(entry: InForce, show: Show): Promise<string | undefined> {
  const untilMs = deadlineBehindOthers(entry, show);
  let trouble: string | undefined;
  for (;;) {
    try {
      const undoing = Promise.resolve(entry.undo[Symbol.asyncDispose]());
      await within(show.deadlines.healMs, "the undo", undoing);
      entry.tried.resolve();
      return trouble;
    } catch (error) {
      trouble = `the undo failed: ${messageOf(error)}`;
      entry.stuck = true;
      entry.tried.resolve();
      if (performance.now() + UNDO_PAUSE_MS >= untilMs()) return trouble;
      await wait(UNDO_PAUSE_MS);
    }
  }
}

/** `healMs` from now, or from the last moment at which another fault was in force that may be in the way. */
function deadlineBehindOthers(entry: InForce, { inForce, deadlines }: Show): () => number {
  let untilMs = performance.now() + deadlines.healMs;
  return () => {
    if (inForce.some((other) => other !== entry && !other.stuck)) {
      untilMs = performance.now() + deadlines.healMs;
    }
    return untilMs;
  };
}

function after(entry: InForce, inForce: readonly InForce[]): readonly InForce[] {
  return inForce.slice(inForce.indexOf(entry) + 1);
}

function record(stage: Stage, window: FaultWindow, step: FaultStep, detail?: string): void {
  const { index, fault, target } = window;
  stage.record({
    kind: "fault",
    atMs: stage.nowMs(),
    index,
    fault,
    target,
    step,
    ...(detail === undefined ? {} : { detail }),
  });
}
