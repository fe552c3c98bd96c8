import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { heard, hears, missingOf, PATIENCE_MS, say, shout, topicOf } from "./model/talk.ts";

const params = { ...quietChat, joins: 6, join: "resume", saidBetween: 3, saidMeanwhile: 10 };
type Joining = typeof params;

const asks = [
  {
    about: "history-meets-live",
    invariant: "INV-LOSS",
    expected: "what is confirmed from shortly before the history on is in the history or comes on the topic",
  },
  {
    about: "joined-in-order",
    invariant: "INV-ORDER",
    expected: "what comes on the topic comes by rising sequence",
  },
  {
    about: "history-for-the-asker-only",
    invariant: "INV-ISOLATE",
    expected: "nobody else in the room gets the history",
  },
] as const;

/** C23: a client reads a busy room's history and then joins it; nothing may fall between the two. */
export default defineScenario({
  name: "history-then-subscribe",
  summary: "who reads a busy room's history and then joins the room misses nothing between the two",
  requirement: ["C23"],
  params,
  explain: {
    ...chatExplain,
    joins: "how often the examiner joins, on one instance after the other",
    join: "what the client does: resume (history, then the topic from the history's last sequence), topic-first (the topic, then the history), history-then-topic (and nothing that holds them together)",
    saidBetween: "messages that are said between the history and the SUBSCRIBE of the topic",
    saidMeanwhile: "messages that are on their way while the topic is subscribed",
  },
  bounds: {
    ...chatBounds,
    joins: [1, 50],
    join: ["resume", "topic-first", "history-then-topic"],
    saidBetween: [1, 20],
    saidMeanwhile: [0, 20],
  },
  checks: [...quietChecks, "catch-up", "resumed-order", "private-stays-private"],
  reference: () => ({ USER_RATE: "off", SESSION_RATE: "off" }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Joining): ExamRole {
  return {
    load: examinersAfter(given.rampMs, 1),
    asks,
    async exam(examiner) {
      const room = `exam-${examiner.client.number}`;
      const writer = await examiner.connect({
        at: 1 % examiner.endpoints,
        user: `${examiner.client.user}-writes`,
      });
      await writer.subscribe(topicOf(room));
      for (let n = 0; n < given.joins; n++) await joinOnce(examiner, { given, room, writer, n });
      const strays = writer.frames.filter(({ headers }) => headers["last-sequence"] !== undefined);
      examiner.observe("history-for-the-asker-only", {
        holds: strays.length === 0,
        seen: `${strays.length} histories came to a member that did not ask`,
        server: writer.server,
      });
    },
  };
}

interface Join {
  readonly given: Joining;
  readonly room: string;
  readonly writer: Peer;
  readonly n: number;
}

interface History {
  readonly contents: readonly string[];
  readonly last: number;
}

async function joinOnce(examiner: Examiner, { given, room, writer, n }: Join): Promise<void> {
  const topic = topicOf(room);
  const reader = await examiner.connect({
    at: n % examiner.endpoints,
    user: `${examiner.client.user}-joins`,
  });
  const before = await sayMany(writer, room, `join-${n}-before`, 3);
  if (given.join === "topic-first") await reader.subscribe(topic);
  const history = await historyOf(reader, room);
  if (!history) throw new Error("no history came");

  const between = await sayMany(writer, room, `join-${n}-between`, given.saidBetween);
  const meanwhile: string[] = [];
  for (let m = 0; m < given.saidMeanwhile; m++) {
    const content = `join-${n}-meanwhile-${m}`;
    shout(writer, room, content, content);
    meanwhile.push(content);
  }
  if (given.join === "resume") await reader.subscribe(topic, { "last-seen-sequence": String(history.last) });
  else if (given.join === "history-then-topic") await reader.subscribe(topic);
  const confirmed: string[] = [];
  for (const content of meanwhile) {
    const receipt = await writer.next(({ headers }) => headers["receipt-id"] === content, PATIENCE_MS);
    if (receipt?.command === "RECEIPT") confirmed.push(content);
  }
  const after = await sayMany(writer, room, `join-${n}-after`, 1);
  for (const content of after) await hears(reader, topic, content);

  // Confirmed is stored; published it is a moment later, so the last of those before may well come on the topic.
  const wanted = [...before, ...between, ...confirmed, ...after];
  const live = heard(reader, topic);
  const known = new Set(history.contents);
  const missing = missingOf(wanted, live).filter((content) => !known.has(content));
  // Without one between them the two could not have been torn apart.
  if (between.length > 0) {
    examiner.observe("history-meets-live", {
      holds: missing.length === 0,
      seen: `history up to ${history.last}, live from ${live[0]?.seq ?? "nothing"}; ${missing.length} of ${wanted.length} in neither${missing.length > 0 ? `: ${missing.slice(0, 5).join(", ")}` : ""}`,
      server: reader.server,
    });
  }
  const sequences = live.map(({ seq }) => seq ?? 0);
  const backwards = sequences.filter((seq, i) => i > 0 && seq <= (sequences[i - 1] as number));
  examiner.observe("joined-in-order", {
    holds: backwards.length === 0,
    seen: `${backwards.length} of ${sequences.length} went back${backwards.length > 0 ? `: ${sequences.join(", ")}` : ""}`,
    server: reader.server,
  });
  await reader.leave();
}

/** Those that were confirmed. */
async function sayMany(peer: Peer, room: string, name: string, count: number): Promise<string[]> {
  const confirmed: string[] = [];
  for (let n = 0; n < count; n++) {
    if (await say(peer, room, `${name}-${n}`)) confirmed.push(`${name}-${n}`);
  }
  return confirmed;
}

/** Asked for by a SUBSCRIBE, which it answers once (A39). */
async function historyOf(peer: Peer, room: string): Promise<History | undefined> {
  const destination = `/app/chat.history/${room}`;
  const id = await peer.subscribe(destination);
  const answer = await peer.next(({ headers }) => headers.subscription === id, PATIENCE_MS);
  if (!answer) return undefined;
  const messages = JSON.parse(answer.body) as readonly { readonly content: string; readonly seq: number }[];
  return {
    contents: messages.map(({ content }) => content),
    last: Math.max(0, ...messages.map(({ seq }) => seq)),
  };
}
