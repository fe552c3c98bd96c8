import { type AnsweredSend, chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { eventually } from "./model/exam-parts.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, examiners: 1, latencyMs: 50, slowForMs: 5_000, sendEveryMs: 250 };
type Slow = typeof params;

/** The baseline that it is compared with. */
const SLOW_AFTER_MS = 4_000;
const MARGIN_MS = 5_000;

const asks = [
  {
    about: "delivers-all-while-redis-is-slow",
    invariant: "INV-COVER",
    expected: "what is confirmed while Redis is slow reaches a reader on another instance",
  },
  {
    about: "delivers-once-while-redis-is-slow",
    invariant: "INV-DUP",
    expected: "no step is repeated so that a message comes twice",
  },
  {
    about: "not-refused-while-redis-is-slow",
    invariant: "INV-REJECT",
    expected: "a user far below the limit is not refused because the limiter waits for Redis",
  },
  {
    about: "ready-after-redis-was-slow",
    invariant: "INV-HEALTH",
    expected: "every instance is ready again",
  },
] as const;

/** C43: every answer of Redis comes late. What a user feels of it is the latency that was added, some round trips long. */
export default defineScenario({
  name: "redis-slow",
  summary: "Redis answers late: messages are late by some round trips, and neither lost, doubled nor refused",
  requirement: ["C43"],
  params,
  explain: {
    ...chatExplain,
    examiners: "pairs of a sender and a reader on different instances",
    latencyMs: "added to every answer of Redis, ms",
    slowForMs: "for how long, ms",
    sendEveryMs: "distance of the sender's messages, ms; the server takes 10 a second",
  },
  bounds: {
    ...chatBounds,
    holdMs: [14_000, 3_600_000],
    examiners: [1, 10],
    latencyMs: [5, 2_500],
    slowForMs: [1_000, 60_000],
    sendEveryMs: [150, 5_000],
  },
  checks: [...quietChecks, "delivery-p99", "reaches-everyone", "once-only", "refusals", "health-endpoints"],
  // A message is counted (limit), numbered and published, each after the one before it: four round trips and a queue
  // for the next one behind them, at the default of 50 ms.
  limits: ["delivery-p99.fault=1000"],
  faults({ rampMs, latencyMs, slowForMs }) {
    const fromMs = slowMs({ rampMs });
    return [
      `latency@${fromMs}ms..${fromMs + slowForMs}ms:server-all/redis,latencyMs=${latencyMs},stream=downstream`,
    ];
  },
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function slowMs({ rampMs }: Pick<Slow, "rampMs">): number {
  return chatWarmUpMs(rampMs) + SLOW_AFTER_MS;
}

function examiner(given: Slow): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      const { number } = examiner.client;
      const room = `exam-slow-${number}`;
      const sender = await examiner.connect({
        at: number % examiner.endpoints,
        user: `slow-sender-${number}`,
      });
      await sender.subscribe(REPLY_QUEUE);
      const at = (number + 1) % examiner.endpoints;
      const reader = await examiner.connect({ at, user: `slow-reader-${number}` });
      await reader.subscribe(`/topic/room.${room}`);
      const sent = await sendThrough(examiner, sender, room, given);
      await judge(examiner, reader, sent);
      await ready(examiner);
    },
  };
}

/** All that is sent while Redis is slow, and how it was answered. */
async function sendThrough(examiner: Examiner, sender: Peer, room: string, given: Slow) {
  const fromMs = slowMs(given);
  await examiner.until(fromMs + given.sendEveryMs);
  const sent: Promise<{ readonly text: string; readonly answer: AnsweredSend }>[] = [];
  for (let n = 0; examiner.nowMs() < fromMs + given.slowForMs; n++) {
    const text = `slow-${examiner.client.number}-${n}-`;
    sent.push(
      sendAnswered(examiner, sender, `/app/chat.send/${room}`, chat(text)).then((answer) => ({
        text,
        answer,
      })),
    );
    await examiner.sleep(given.sendEveryMs);
  }
  return Promise.all(sent);
}

async function judge(
  examiner: Examiner,
  reader: Peer,
  sent: readonly { readonly text: string; readonly answer: AnsweredSend }[],
): Promise<void> {
  const confirmed = sent.filter(({ answer }) => answer.how === "confirmed").map(({ text }) => text);
  const times = (text: string) =>
    reader.frames.filter(({ command, body }) => command === "MESSAGE" && body.includes(text)).length;
  await eventually(examiner, () => confirmed.every((text) => times(text) > 0), MARGIN_MS);
  if (reader.closed !== undefined || confirmed.length === 0) return;
  const missing = confirmed.filter((text) => times(text) === 0);
  const twice = confirmed.filter((text) => times(text) > 1);
  examiner.observe("delivers-all-while-redis-is-slow", {
    holds: missing.length === 0,
    seen: `${confirmed.length - missing.length} of ${confirmed.length} came${missing.length > 0 ? `, not ${missing[0]}` : ""}`,
    server: reader.server,
  });
  examiner.observe("delivers-once-while-redis-is-slow", {
    holds: twice.length === 0,
    seen: twice.length === 0 ? `${confirmed.length} messages, none twice` : `twice: ${twice.join(", ")}`,
    server: reader.server,
  });
  const limited = sent.filter(({ answer }) => answer.how === "refused" && answer.retryAfterMs !== undefined);
  examiner.observe("not-refused-while-redis-is-slow", {
    holds: limited.length === 0,
    seen: `${limited.length} of ${sent.length} refused${limited[0] ? `: ${limited[0].answer.reason}` : ""}`,
  });
}

async function ready(examiner: Examiner): Promise<void> {
  const last: number[] = [];
  const holds = await eventually(
    examiner,
    async () => {
      for (let at = 0; at < examiner.endpoints; at++)
        last[at] = (await examiner.http({ at, path: "/health/ready" })).status;
      return last.every((status) => status === 200);
    },
    MARGIN_MS,
  );
  examiner.observe("ready-after-redis-was-slow", { holds, seen: `status ${last.join(", ")}` });
}
