import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { eventually } from "./model/exam-parts.ts";
import type { Examiner } from "./model/examiner.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { hears, say, topicOf } from "./model/talk.ts";

const params = { ...quietChat, holdMs: 16_000, outageMs: 3_000 };
type Outage = typeof params;

const BASELINE_MS = 3_000;
/** In which an instance is ready again: its links come back within half a second, the readiness within a ping. */
const READY_WITHIN_MS = 8_000;

const asks = [
  {
    about: "ready-instance-hears-others",
    invariant: "INV-RECOVER",
    expected: "once an instance says that it is ready again, its clients hear what is said on the others",
  },
] as const;

/** C42, C45: the instances lose their Redis for a while, and get it back. */
export default defineScenario({
  name: "redis-outage",
  summary:
    "the instances lose Redis under steady chat: what was confirmed comes later, and afterwards all hear all",
  requirement: ["C42", "C45"],
  params,
  explain: {
    ...chatExplain,
    holdMs: "time for which they publish; Redis goes after the first 5 s of it",
    outageMs: "how long Redis is away",
  },
  // The outage, the way back, and a look at the healed system.
  bounds: { ...chatBounds, holdMs: [14_000, 3_600_000], outageMs: [500, 60_000] },
  checks: [...chatChecks, "comes-back"],
  // What is said meanwhile comes when Redis is back (I76): after 3 s, half a second until the links are there (A96),
  // and as much again for what waited. A longer outage needs more.
  limits: ["delivery-p99.fault=5000"],
  faults: (given) => [`cut@${cutMs(given)}ms..${cutMs(given) + given.outageMs}ms:server-all/redis`],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function cutMs({ rampMs }: Pick<Outage, "rampMs">): number {
  return chatWarmUpMs(rampMs) + BASELINE_MS;
}

function examiner(given: Outage): ExamRole {
  return {
    // A little after it should be back: the readiness is asked, the clock is not trusted.
    load: { kind: "constant", clients: 1, atMs: cutMs(given) + given.outageMs + 500 },
    asks,
    exam: readyMeansHeard,
  };
}

async function readyMeansHeard(examiner: Examiner): Promise<void> {
  const room = `exam-${examiner.client.number}`;
  const topic = topicOf(room);
  const ready: number[] = [];
  for (let at = 0; at < examiner.endpoints; at++) if (await becomesReady(examiner, at)) ready.push(at);
  for (const at of ready) {
    const from = (at + 1) % examiner.endpoints;
    if (from === at || !ready.includes(from)) continue;
    const listener = await examiner.connect({ at, user: `${examiner.client.user}-hears` });
    await listener.subscribe(topic);
    const speaker = await examiner.connect({ at: from, user: `${examiner.client.user}-says` });
    const content = `to-${at}`;
    if (await say(speaker, room, content)) {
      const holds = await hears(listener, topic, content, 5_000);
      examiner.observe("ready-instance-hears-others", {
        holds,
        seen: `${listener.server} was ready; what was confirmed on ${speaker.server} ${holds ? "came" : "did not come within 5 s"}`,
        server: listener.server,
      });
    }
    await Promise.all([listener.leave(), speaker.leave()]);
  }
}

function becomesReady(examiner: Examiner, at: number): Promise<boolean> {
  const isReady = async () => (await examiner.http({ at, path: "/health/ready" })).status === 200;
  return eventually(examiner, isReady, READY_WITHIN_MS);
}
