import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { heard, hears, hearsAll, say, shout, topicOf } from "./model/talk.ts";

const params = { ...quietChat, rounds: 5 };
type Retrying = typeof params;

const asks = [
  {
    about: "resend-is-confirmed",
    invariant: "INV-LOSS",
    expected: "a SEND repeated with its client-message-id gets a RECEIPT",
  },
  {
    about: "resend-heard-once",
    invariant: "INV-DUP",
    expected: "a SEND repeated on another instance is heard once",
  },
  {
    about: "resend-stored-once",
    invariant: "INV-DUP",
    expected: "a SEND repeated on another instance has one row and one sequence",
  },
] as const;

/** C71: the connection goes before the RECEIPT is there, and the client sends the same message on another instance. */
export default defineScenario({
  name: "sender-retry",
  summary:
    "a SEND that is repeated on another instance after a lost RECEIPT is stored, numbered and heard once",
  requirement: ["C71"],
  params,
  explain: {
    ...chatExplain,
    rounds: "messages that are repeated after their RECEIPT, and as many whose sender left before it",
  },
  bounds: { ...chatBounds, rounds: [1, 100] },
  checks: [...quietChecks, "catch-up", "once-only"],
  // One user sends all of it, as fast as the connections come: limits are not what this is about.
  reference: () => ({ USER_RATE: "off", SESSION_RATE: "off" }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Retrying): ExamRole {
  return {
    load: examinersAfter(given.rampMs, 1),
    asks,
    async exam(examiner) {
      const { user, number } = examiner.client;
      const room = `exam-${number}`;
      const listener = await examiner.connect({ at: 2 % examiner.endpoints, user: `${user}-hears` });
      await listener.subscribe(topicOf(room));
      const contents: string[] = [];
      for (let n = 0; n < given.rounds; n++) {
        contents.push(await repeatConfirmed(examiner, room, n));
        contents.push(await repeatUnanswered(examiner, room, n));
      }
      await judge(examiner, { room, listener, contents });
    },
  };
}

const TRIES_MAX = 3;
/** Longer than the 2 s and a half after which the store's answer counts as missing (A81). */
const ANSWERED_WITHIN_MS = 4_000;

/** The client did not notice its RECEIPT. */
async function repeatConfirmed(examiner: Examiner, room: string, n: number): Promise<string> {
  const content = `confirmed-${n}`;
  const headers = { "client-message-id": `exam-${examiner.client.number}-${content}` };
  const first = await sender(examiner, 0);
  const before = await say(first, room, content, headers);
  await first.leave();
  if (!before) throw new Error("the first SEND was not confirmed");
  await repeat(examiner, room, content, headers);
  return content;
}

/** The connection goes right after the SEND: nobody knows whether the server had it. */
async function repeatUnanswered(examiner: Examiner, room: string, n: number): Promise<string> {
  const content = `unanswered-${n}`;
  const headers = { "client-message-id": `exam-${examiner.client.number}-${content}` };
  const first = await sender(examiner, 0);
  shout(first, room, content, content, headers);
  first.close(1000);
  await first.ended(5_000);
  await repeat(examiner, room, content, headers);
  return content;
}

async function repeat(
  examiner: Examiner,
  room: string,
  content: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const second = await sender(examiner, 1);
  let after = false;
  // A server may refuse one in a bad moment, and a client would repeat it.
  for (let tries = 0; tries < TRIES_MAX && !after; tries++) {
    after = await say(second, room, content, headers, ANSWERED_WITHIN_MS);
  }
  examiner.observe("resend-is-confirmed", {
    holds: after,
    seen: `${content} again on ${second.server}: ${after ? "RECEIPT" : "no RECEIPT"}`,
    server: second.server,
  });
  await second.leave();
}

function sender(examiner: Examiner, at: number): Promise<Peer> {
  return examiner.connect({ at: at % examiner.endpoints, user: `${examiner.client.user}-sends` });
}

async function judge(
  examiner: Examiner,
  { room, listener, contents }: { room: string; listener: Peer; contents: readonly string[] },
): Promise<void> {
  const topic = topicOf(room);
  // The first instance may have stored one and not published it yet; what is published later comes later.
  await hearsAll(listener, topic, contents);
  const last = await sender(examiner, 1);
  if (!(await say(last, room, "last")) || !(await hears(listener, topic, "last"))) {
    throw new Error("the last message did not come");
  }
  const got = heard(listener, topic);
  for (const content of contents) {
    const copies = got.filter((one) => one.content === content);
    examiner.observe("resend-heard-once", {
      holds: copies.length === 1,
      seen: `${content} came ${copies.length} times, sequences ${copies.map(({ seq }) => seq).join(", ")}`,
      server: listener.server,
    });
  }
  const stored = await storedContents(examiner, room);
  for (const content of contents) {
    const rows = stored.filter((one) => one === content).length;
    examiner.observe("resend-stored-once", {
      holds: rows === 1,
      seen: `${content} has ${rows} rows`,
    });
  }
}

async function storedContents(examiner: Examiner, room: string): Promise<string[]> {
  const token = examiner.token({ sub: `${examiner.client.user}-hears` });
  const { status, body } = await examiner.http({
    path: `/api/rooms/${room}/messages?after_seq=0&limit=500`,
    headers: { authorization: `Bearer ${token}` },
  });
  if (status !== 200) throw new Error(`the history answered ${status}`);
  const { messages } = JSON.parse(body) as { messages: readonly { content: string }[] };
  return messages.map(({ content }) => content);
}
