import { type AnsweredSend, chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { beside } from "./model/exam-parts.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { metricOverAll } from "./model/metrics-page.ts";
import { overRate, showOverRate } from "./model/over-rate.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, examiners: 1, sendsMax: 10, windowMs: 1_000, tabs: 3 };
type Scope = typeof params;

/** A shot is repeated where an instance counted for itself meanwhile (B158): then it is no question about the limit. */
const SHOTS_MAX = 3;
/** Before and after the edge of a window that began with the first SEND: what comes before must have been counted. */
const BEFORE_EDGE_MS = 200;
const AFTER_EDGE_MS = 60;
/** Edges that are tried: a machine that stalls at one of them hides what it lets through. */
const EDGES = 2;

const asks = [
  {
    about: "one-tab-limited",
    invariant: "INV-LIMIT",
    expected: "of what one tab sends at once the limit is accepted in any sliding window",
  },
  {
    about: "tabs-on-one-instance-share",
    invariant: "INV-LIMIT",
    expected: "several tabs on one instance have the limit together",
  },
  {
    about: "tabs-on-several-instances-share",
    invariant: "INV-LIMIT",
    expected: "several tabs on different instances have the limit together",
  },
  {
    about: "window-edge-burst-limited",
    invariant: "INV-LIMIT",
    expected: "bursts before and after the edge of a fixed window stay within the limit of the sliding one",
  },
  {
    about: "excess-is-told",
    invariant: "INV-REJECT",
    expected: "each SEND gets its RECEIPT or a refusal on the reply queue, with the time to wait",
  },
  {
    about: "limit-recovers",
    invariant: "INV-RECOVER",
    expected: "after a pause of one window and more the user may send again",
  },
] as const;

/** C33: how much one user may send, over tabs, instances and the edges of windows. */
export default defineScenario({
  name: "rate-limit-scope",
  summary:
    "one user sends too much: by one tab, by several on one instance and on several, and at a window's edge",
  requirement: ["C33"],
  params,
  explain: {
    ...chatExplain,
    examiners: "clients that send too much, each as users of its own",
    sendsMax: "SENDs of one user that the server accepts in any windowMs",
    windowMs: "the window of the limit, ms",
    tabs: "connections of one user",
  },
  bounds: {
    ...chatBounds,
    examiners: [1, 10],
    sendsMax: [5, 20],
    windowMs: [1_000, 10_000],
    tabs: [2, 5],
  },
  checks: [...quietChecks, "rate-limits", "refusals", "comes-back"],
  reference: ({ sendsMax, windowMs }) => ({
    USER_RATE: `${sendsMax}/${windowMs}`,
    SESSION_RATE: `${sendsMax}/${windowMs}`,
  }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Scope): ExamRole {
  const { sendsMax, tabs } = given;
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      const limited = (about: Limited, at: readonly number[], shoot: Shoot) =>
        isLimited(examiner, given, about, at, shoot);
      await limited("one-tab-limited", [0], (user) => user.fire(0, sendsMax + 5));
      const same = Array.from({ length: tabs }, () => 0);
      await limited("tabs-on-one-instance-share", same, (user) => fromEach(user, sendsMax));
      if (examiner.endpoints > 1) {
        const spread = same.map((_, n) => n % examiner.endpoints);
        await limited("tabs-on-several-instances-share", spread, (user) => fromEach(user, sendsMax));
      }
      for (let edge = 0; edge < EDGES; edge++) {
        await limited("window-edge-burst-limited", [0, 0], (user) => aroundTheEdge(examiner, user, given));
      }
    },
  };
}

type Limited = Extract<(typeof asks)[number], { invariant: "INV-LIMIT" }>["about"];
type Shoot = (user: ShootingUser) => Promise<AnsweredSend[]>;

interface ShootingUser {
  readonly tabs: readonly Peer[];
  /** So many SENDs of one tab in one go, and what became of them. */
  fire(tab: number, count: number): Promise<AnsweredSend[]>;
}

/**
 * B156: the first SEND opens the window, the rest of the limit comes at its end, and all of it again after it. By two
 * tabs, each of which stays within what one session may.
 */
async function aroundTheEdge(
  examiner: Examiner,
  user: ShootingUser,
  { sendsMax, windowMs }: Scope,
): Promise<AnsweredSend[]> {
  const [opening] = await user.fire(0, 1);
  if (opening === undefined) return [];
  await examiner.until(opening.sentAtMs + windowMs - BEFORE_EDGE_MS);
  const before = user.fire(0, sendsMax - 1);
  await examiner.until(opening.answeredAtMs + windowMs + AFTER_EDGE_MS);
  const after = user.fire(1, sendsMax);
  return [opening, ...(await before), ...(await after)];
}

async function fromEach(user: ShootingUser, count: number): Promise<AnsweredSend[]> {
  return (await Promise.all(user.tabs.map((_, tab) => user.fire(tab, count)))).flat();
}

/** One shot by a user of its own, with a tab on each of these instances. */
async function isLimited(
  examiner: Examiner,
  { sendsMax, windowMs }: Scope,
  about: Limited,
  at: readonly number[],
  shoot: Shoot,
): Promise<void> {
  for (let shot = 0; shot < SHOTS_MAX; shot++) {
    const alone = await metricOverAll(examiner, "counted_alone_total", { what: "send" });
    const name = `${about}-${examiner.client.number}-${Math.round(examiner.nowMs())}`;
    const tabs = await Promise.all(at.map((endpoint) => examiner.connect({ at: endpoint, user: name })));
    for (const tab of tabs) await tab.subscribe(REPLY_QUEUE);
    const destination = `/app/chat.send/exam-${name}`;
    const fire = (tab: number, count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          sendAnswered(examiner, tabs[tab] as Peer, destination, chat("too much")),
        ),
      );
    const answers = await shoot({ tabs, fire });
    const countedAlone = (await metricOverAll(examiner, "counted_alone_total", { what: "send" })) > alone;
    if (!countedAlone) {
      judge(examiner, about, answers, sendsMax, windowMs);
      if (about === "tabs-on-several-instances-share") await recovers(examiner, tabs, destination, windowMs);
    }
    await beside(...tabs.filter(({ closed }) => closed === undefined).map((tab) => tab.leave()));
    if (!countedAlone) return;
  }
}

function judge(
  examiner: Examiner,
  about: Limited,
  answers: readonly AnsweredSend[],
  sendsMax: number,
  windowMs: number,
): void {
  const confirmed = answers.filter(({ how }) => how === "confirmed");
  const over = overRate(confirmed, sendsMax, windowMs);
  const seen = `${confirmed.length} of ${answers.length} accepted${over ? `: ${showOverRate(over)}` : ""}`;
  examiner.observe(about, { holds: over === undefined, seen });
  const kinds = [...Map.groupBy(answers, kindOf)];
  examiner.observe("excess-is-told", {
    holds: kinds.every(([kind]) => told.includes(kind)),
    seen: kinds.map(([kind, those]) => `${those.length} ${kind}`).join(", "),
  });
}

/** A store that did not take it is told as well, and another matter. */
const told: readonly string[] = ["confirmed", "refused", "unknown"];

function kindOf({ how, reason, retryAfterMs }: AnsweredSend): string {
  return reason.startsWith("more than") && retryAfterMs === undefined ? "refused without a time" : how;
}

/** B157: a key without an end would keep the user out for ever. */
async function recovers(
  examiner: Examiner,
  tabs: readonly Peer[],
  destination: string,
  windowMs: number,
): Promise<void> {
  await examiner.sleep(windowMs * 1.5);
  const { how, reason } = await sendAnswered(examiner, tabs[0] as Peer, destination, chat("again"));
  examiner.observe("limit-recovers", { holds: how === "confirmed", seen: `${how} ${reason}`.trim() });
}
