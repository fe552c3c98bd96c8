import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { lookUntil } from "./model/exam-parts.ts";
import type { Examiner } from "./model/examiner.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { heard, shout, topicOf } from "./model/talk.ts";

const params = { ...quietChat, holdMs: 17_000, outageMs: 3_000, refusalMs: 3_000 };
type Down = typeof params;

const BASELINE_MS = 2_500;
/** Between the outage and the refused commits: connections come back, what waits gets through. */
const BETWEEN_MS = 3_000;
const SAY_EVERY_MS = 300;
/** In which the history can be read again after the last fault. */
const STORE_BACK_WITHIN_MS = 5_000;
/** What the fault `pg-commit-fails` raises. */
const COMMIT_REFUSED = "commit refused";

const asks = [
  {
    about: "unheard-while-store-is-away",
    invariant: "INV-DURABLE",
    expected: "what is refused because the store is away is heard by nobody, or is in the store",
  },
  {
    about: "unheard-when-commit-fails",
    invariant: "INV-DURABLE",
    expected: "what is refused because its COMMIT failed is heard by nobody, or is in the store",
  },
] as const;

/** C47: the store is away for a while, and later writes but cannot commit: two mistakes that only this tells apart. */
export default defineScenario({
  name: "db-down",
  summary: "Postgres is away, and later refuses every COMMIT: nobody may see a message that is not stored",
  requirement: ["C47"],
  params,
  explain: {
    ...chatExplain,
    holdMs: "time for which they publish; it has both faults in it",
    outageMs: "how long Postgres is away",
    refusalMs: "how long INSERTs succeed and their COMMIT fails, 3 s later",
  },
  bounds: {
    ...chatBounds,
    // Both faults, the time between them, and a look at the healed system.
    holdMs: [16_000, 3_600_000],
    outageMs: [1_000, 60_000],
    refusalMs: [1_000, 60_000],
  },
  // Not recovery-time: the second fault would cut the wait for the first one short.
  checks: [...chatChecks.filter((check) => check !== "recovery-time"), "stored"],
  faults: (given) => {
    const { cutMs, refusedMs, healedMs } = times(given);
    return [
      `cut@${cutMs}ms..${cutMs + given.outageMs}ms:server-all/postgres`,
      `pg-commit-fails@${refusedMs}ms..${healedMs}ms:postgres`,
    ];
  },
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function times({ rampMs, outageMs, refusalMs }: Pick<Down, "rampMs" | "outageMs" | "refusalMs">) {
  const cutMs = chatWarmUpMs(rampMs) + BASELINE_MS;
  const refusedMs = cutMs + outageMs + BETWEEN_MS;
  return { cutMs, refusedMs, healedMs: refusedMs + refusalMs };
}

function examiner(given: Down): ExamRole {
  const { cutMs, healedMs } = times(given);
  return {
    load: { kind: "constant", clients: 1, atMs: cutMs - 1_500 },
    asks,
    exam: (examiner) => speakOn(examiner, healedMs),
  };
}

interface Refused {
  readonly content: string;
  readonly why: string;
}

/** Goes on speaking through both faults, and afterwards looks what became of what was refused. */
async function speakOn(examiner: Examiner, untilMs: number): Promise<void> {
  const { user, number } = examiner.client;
  const room = `exam-${number}`;
  const listener = await examiner.connect({ at: 1 % examiner.endpoints, user: `${user}-hears` });
  await listener.subscribe(topicOf(room));
  const speaker = await examiner.connect({ at: 0, user: `${user}-says` });
  await speaker.subscribe("/user/queue/reply");
  for (let n = 0; examiner.nowMs() < untilMs; n++) {
    shout(speaker, room, `said-${n}`, `said-${n}`);
    await examiner.sleep(SAY_EVERY_MS);
  }
  const stored = await storedContents(examiner, room);
  const came = new Set(heard(listener, topicOf(room)).map(({ content }) => content));
  const refused = speaker.frames.flatMap(({ headers, body }): Refused[] => {
    const { outcome, "receipt-id": content } = headers;
    return outcome === "rejected" && content !== undefined ? [{ content, why: body }] : [];
  });
  for (const [about, isMeant] of [
    ["unheard-while-store-is-away", ({ why }: Refused) => !why.includes(COMMIT_REFUSED)],
    ["unheard-when-commit-fails", ({ why }: Refused) => why.includes(COMMIT_REFUSED)],
  ] as const) {
    const meant = refused.filter(isMeant);
    const [example] = meant;
    if (!example) continue;
    const phantoms = meant.filter(({ content }) => came.has(content) && !stored.has(content));
    examiner.observe(about, {
      holds: phantoms.length === 0,
      seen: `${phantoms.length} of ${meant.length} that were refused were heard on ${listener.server} and are not in the store; ${example.content} was answered ${example.why}`,
      server: speaker.server,
    });
  }
}

async function storedContents(examiner: Examiner, room: string): Promise<ReadonlySet<string>> {
  const token = examiner.token({ sub: `${examiner.client.user}-hears` });
  const path = `/api/rooms/${room}/messages?after_seq=0&limit=500`;
  const { status, body } = await lookUntil(
    examiner,
    () => examiner.http({ path, headers: { authorization: `Bearer ${token}` } }),
    (answer) => answer.status === 200,
    STORE_BACK_WITHIN_MS,
  );
  if (status !== 200) throw new Error(`the history answered ${status}`);
  const { messages } = JSON.parse(body) as { messages: readonly { content: string }[] };
  return new Set(messages.map(({ content }) => content));
}
