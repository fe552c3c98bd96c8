import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { type Examiner, isReceipt, type Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { count, heard, hears, missingOf, PATIENCE_MS, type Said, say, topicOf } from "./model/talk.ts";

const params = { ...quietChat, missed: 5, replayMax: 20 };
type Resume = typeof params;

const asks = [
  {
    about: "resume-here",
    invariant: "INV-LOSS",
    expected: "who comes back to the same instance gets everything after its last sequence",
  },
  {
    about: "resume-elsewhere",
    invariant: "INV-LOSS",
    expected: "who comes back to another instance gets everything after its last sequence",
  },
  {
    about: "resume-of-what-others-acknowledged",
    invariant: "INV-LOSS",
    expected: "also what another member acknowledged meanwhile is replayed",
  },
  {
    about: "resumed-in-order",
    invariant: "INV-ORDER",
    expected: "what is replayed and what is live come by rising sequence",
  },
  {
    about: "gap-is-told",
    invariant: "INV-ORDER",
    expected: "who missed more than is replayed is told so, and where it goes on",
  },
  {
    about: "replayed-under-its-own-id",
    invariant: "INV-DUP",
    expected: "a replayed message has the id that it had live",
  },
] as const;

/** C22: clients leave, are written to, and come back with the last sequence that they saw. */
export default defineScenario({
  name: "resume-replay",
  summary:
    "who was away says what it saw last and gets the rest, here and elsewhere, in order, or is told of a gap",
  requirement: ["C22"],
  params,
  explain: {
    ...chatExplain,
    missed: "messages that are said while the examiner is away",
    replayMax:
      "the most that the reference server replays; more than that is said while it is away the last time",
  },
  bounds: { ...chatBounds, missed: [2, 10], replayMax: [10, 100] },
  checks: [...quietChecks, "catch-up", "resumed-order", "once-only"],
  // The writer's 10 a second would make the last absence long; limits are not what this is about.
  reference: ({ replayMax }) => ({ REPLAY_MAX: String(replayMax), USER_RATE: "off", SESSION_RATE: "off" }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Resume): ExamRole {
  return {
    load: examinersAfter(given.rampMs, 1),
    asks,
    async exam(examiner) {
      const { user, number } = examiner.client;
      const room = `exam-${number}`;
      const writer = await examiner.connect({ at: 1 % examiner.endpoints, user: `${user}-writes` });
      await writer.subscribe(topicOf(room));
      const stage: Stage = { examiner, room, writer, at: 0, back: 0, missed: given.missed };
      await plainly("resume-here", stage);
      await plainly("resume-elsewhere", { ...stage, back: 2 % examiner.endpoints });
      await acknowledged(stage);
      await beyondTheWindow({ ...stage, missed: given.replayMax + 10 });
    },
  };
}

interface Stage {
  readonly examiner: Examiner;
  readonly room: string;
  readonly writer: Peer;
  /** Where the reader was, and where it comes back to. */
  readonly at: number;
  readonly back: number;
  readonly missed: number;
}

interface Absence {
  readonly reader: Peer;
  /** Confirmed to the writer while the reader was away, and once after it was back. */
  readonly wanted: readonly string[];
  readonly got: readonly Said[];
  readonly lastSeen: number;
}

let absences = 0;

/** Joins, hears one message, leaves; `meanwhile` others speak; comes back with the sequence of that message. */
async function absence(
  { examiner, room, writer, at, back, missed }: Stage,
  meanwhile: (contents: readonly string[]) => Promise<void> = async () => {},
): Promise<Absence> {
  const topic = topicOf(room);
  const name = `absence-${absences++}`;
  const user = `${examiner.client.user}-reads`;
  const before = await examiner.connect({ at, user });
  await before.subscribe(topic);
  if (!(await say(writer, room, `${name}-seen`)) || !(await hears(before, topic, `${name}-seen`))) {
    throw new Error("the message before the absence did not come");
  }
  const lastSeen = heard(before, topic).at(-1)?.seq;
  if (lastSeen === undefined) throw new Error("this server numbers no messages");
  await before.leave();
  const wanted: string[] = [];
  for (let n = 0; n < missed; n++) {
    if (await say(writer, room, `${name}-${n}`)) wanted.push(`${name}-${n}`);
  }
  if (wanted.length === 0) throw new Error("nothing was confirmed while the reader was away");
  await meanwhile(wanted);
  const reader = await examiner.connect({ at: back, user });
  await reader.subscribe(topic, { "last-seen-sequence": String(lastSeen) });
  if (await say(writer, room, `${name}-live`)) {
    wanted.push(`${name}-live`);
    await hears(reader, topic, `${name}-live`);
  }
  const got = heard(reader, topic);
  return { reader, wanted, got, lastSeen };
}

async function plainly(about: "resume-here" | "resume-elsewhere", stage: Stage): Promise<void> {
  const { examiner, room, writer } = stage;
  const { reader, wanted, got, lastSeen } = await absence(stage);
  const { server } = reader;
  const seen = `${count(wanted, got)}, after sequence ${lastSeen}`;
  examiner.observe(about, { holds: missingOf(wanted, got).length === 0, seen, server });
  const sequences = got.map(({ seq }) => seq ?? 0);
  const backwards = sequences.findIndex((seq, n) => n > 0 && seq <= (sequences[n - 1] as number));
  if (sequences.length > 1) {
    const holds = backwards < 0 && (sequences[0] as number) > lastSeen;
    examiner.observe("resumed-in-order", { holds, seen: `sequences ${sequences.join(", ")}`, server });
  }
  const live = new Map(heard(writer, topicOf(room)).map(({ content, id }) => [content, id]));
  const compared = got.filter(({ content }) => live.has(content) && !content.endsWith("-live"));
  if (compared.length > 0) {
    const changed = compared.filter(({ content, id }) => live.get(content) !== id);
    const [first] = changed;
    examiner.observe("replayed-under-its-own-id", {
      holds: changed.length === 0,
      seen: first
        ? `${changed.length} of ${compared.length} changed: ${first.content} was ${live.get(first.content)}, is ${first.id}`
        : `${compared.length} have the id that they had live`,
      server,
    });
  }
  await reader.leave();
}

/** Another member acknowledges all but the last: that is its own business. */
async function acknowledged(stage: Stage): Promise<void> {
  const { examiner, room } = stage;
  const topic = topicOf(room);
  const other = await examiner.connect({
    at: 2 % examiner.endpoints,
    user: `${examiner.client.user}-acknowledges`,
  });
  await other.subscribe(topic);
  let told = 0;
  const { reader, wanted, got } = await absence(stage, async (contents) => {
    for (const content of contents.slice(0, -1)) {
      if (!(await hears(other, topic, content))) continue;
      const id = heard(other, topic).find((one) => one.content === content)?.id;
      const answer = await other.ask("SEND", { destination: `/app/message.ack/${id}` }, "", PATIENCE_MS);
      if (isReceipt(answer)) told++;
    }
  });
  if (told > 0) {
    examiner.observe("resume-of-what-others-acknowledged", {
      holds: missingOf(wanted, got).length === 0,
      seen: `${count(wanted, got)}; another member had acknowledged ${told}`,
      server: reader.server,
    });
  }
  await Promise.all([reader.leave(), other.leave()]);
}

async function beyondTheWindow(stage: Stage): Promise<void> {
  const { reader, wanted, got, lastSeen } = await absence(stage);
  const missing = missingOf(wanted, got);
  const told = reader.frames.find(({ headers }) => headers.type === "replay-gap");
  const first = got[0]?.seq;
  stage.examiner.observe("gap-is-told", {
    holds: missing.length === 0 || told !== undefined,
    seen: `${missing.length} of ${wanted.length} were not replayed after sequence ${lastSeen}, the first one that came has ${first}; ${told ? `told ${told.body}` : "nothing was said of it"}`,
    server: reader.server,
  });
  await reader.leave();
}
