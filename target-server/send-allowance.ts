import type { LimitPolicies, Spent } from "./limit-policies.ts";
import { type Rate, SlidingWindow } from "./sliding-window.ts";
import type { UserSendRate } from "./user-send-rate.ts";

/** What all sessions of this instance count with. */
export interface SendLimits {
  readonly policies: LimitPolicies;
  /** Undefined: no limit of this scope. */
  readonly perSession: Rate | undefined;
  readonly perUser: { readonly rate: Rate; readonly counter: UserSendRate } | undefined;
}

/** Refusals are a streak until this many windows pass without one. */
const STREAK_WINDOWS = 10;
/** As many refusals as twice what the limit lets through: then it is no slip any more (A70). */
const STRIKES_PER_LIMIT = 2;

/** How much one session may still send. */
export class SendAllowance {
  readonly #limits: SendLimits;
  readonly #own: SlidingWindow | undefined;
  #strikes = 0;
  #lastStrikeMs = 0;

  constructor(limits: SendLimits) {
    this.#limits = limits;
    this.#own = limits.perSession === undefined ? undefined : new SlidingWindow(limits.perSession);
  }

  /** Undefined at once where nothing has to be asked. */
  spend(user: string, destination: string): Spent | Promise<Spent> {
    const { policies, perSession, perUser } = this.#limits;
    if (perSession === undefined && perUser === undefined) return undefined;
    if (!policies.countsAsSend(destination)) return undefined;
    const excess = (scope: "session" | "user", rate: Rate | undefined, waits: number): Spent =>
      waits === 0 || rate === undefined
        ? undefined
        : { scope, retryAfterMs: waits, limit: `${rate.count} messages in ${rate.windowMs} ms` };
    return policies.spendSend({
      session: () => excess("session", perSession, this.#own?.take(performance.now()) ?? 0),
      user: () => {
        const waits = perUser?.counter.take(user) ?? 0;
        return typeof waits === "number"
          ? excess("user", perUser?.rate, waits)
          : waits.then((ms) => excess("user", perUser?.rate, ms));
      },
      userHere: () => excess("user", perUser?.rate, perUser?.counter.takeHere(user) ?? 0),
    });
  }

  /** After a refusal: is the client told, or has it been told often enough? */
  afterExcess(nowMs: number = performance.now()): "tell" | "close" {
    const rate = this.#limits.perUser?.rate ?? this.#limits.perSession;
    if (rate === undefined) return "tell";
    if (nowMs - this.#lastStrikeMs > rate.windowMs * STREAK_WINDOWS) this.#strikes = 0;
    this.#strikes += 1;
    this.#lastStrikeMs = nowMs;
    return this.#limits.policies.afterExcess(this.#strikes, rate.count * STRIKES_PER_LIMIT);
  }
}
