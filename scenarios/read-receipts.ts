import { type AnsweredSend, chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { eventually } from "./model/exam-parts.ts";
import type { Examiner, Heard, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = {
  ...quietChat,
  holdMs: 14_000,
  examiners: 1,
  senders: 3,
  readers: 2,
  messages: 10,
  readEveryMs: 20,
  receiptWindowMs: 500,
};
type Receipts = typeof params;

const RECEIPTS = "/user/queue/receipts";
/** For what takes a second on an idle machine. */
const WITHIN_MS = 10_000;

const asks = [
  {
    about: "acks-not-limited",
    invariant: "INV-FAIR",
    expected: "who acknowledges and reads what others say in a busy room is not refused for sending too much",
  },
  {
    about: "reader-stays-connected",
    invariant: "INV-CLOSE",
    expected: "who only acknowledges and reads is not closed",
  },
  {
    about: "senders-hear-of-reads",
    invariant: "INV-COVER",
    expected: "each sender hears, on whichever instance, that its messages were read, and by whom",
  },
  {
    about: "receipts-are-batched",
    invariant: "INV-BOUND",
    expected: "a sender gets one message for all receipts of a window and an instance, not one for each",
  },
  {
    about: "status-read-in-store",
    invariant: "INV-DURABLE",
    expected: "what was read is READ in the store, and stays so when it is acknowledged once more",
  },
] as const;

/** C25, C13: a room busier than one user may be, in which everybody acknowledges and reads everything. */
export default defineScenario({
  name: "read-receipts",
  summary:
    "recipients in a busy room acknowledge and read every message: none is limited, each sender hears of it",
  requirement: ["C25"],
  params,
  explain: {
    ...chatExplain,
    examiners: "busy rooms, each with senders and readers of its own",
    senders: "users of a busy room who send, each on its own instance",
    readers: "users of a busy room who acknowledge and read everything",
    messages: "what one sender says at once; the server takes 10 a second of one user",
    readEveryMs: "distance at which a reader reads one message after the other",
    receiptWindowMs: "for which the server collects receipts, ms",
  },
  bounds: {
    ...chatBounds,
    examiners: [1, 10],
    // More together than one user may send.
    senders: [2, 9],
    readers: [1, 5],
    messages: [6, 10],
    readEveryMs: [1, 50],
    receiptWindowMs: [100, 5_000],
  },
  checks: [...quietChecks, "fairness", "orderly-close", "reaches-everyone", "bounds", "stored"],
  reference: ({ receiptWindowMs }) => ({ RECEIPT_WINDOW_MS: String(receiptWindowMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Receipts): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      const room = `exam-busy-${examiner.client.number}`;
      const senders = await enter(examiner, room, "sender", given.senders, [RECEIPTS, REPLY_QUEUE]);
      const topics = [`/topic/room.${room}`, REPLY_QUEUE];
      const readers = await enter(examiner, room, "reader", given.readers, topics);
      const ids = await talk(examiner, room, senders, readers, given.messages);
      if (ids === undefined) return;

      const acks = readers.map((reader) => ids.map((id) => answer(examiner, reader, "ack", id)));
      notLimited(examiner, "acknowledging", (await Promise.all(acks.flat())).flat());
      const fromMs = examiner.nowMs();
      const reads = await Promise.all(readers.map((reader) => readAll(examiner, reader, ids, given)));
      notLimited(examiner, "reading", reads.flat());
      const gone = readers.find(({ closed }) => closed !== undefined);
      examiner.observe("reader-stays-connected", {
        holds: gone === undefined,
        seen: gone ? `close ${gone.closed?.code}: ${gone.closed?.reason}` : "open",
        server: gone?.server,
      });
      // What was not confirmed nobody is owed to hear of.
      if (reads.flat().some(({ how }) => how !== "confirmed")) return;
      await heardOfReads(examiner, senders, given, fromMs);
      await statuses(examiner, readers[0] as Peer, ids);
    },
  };
}

async function enter(
  examiner: Examiner,
  room: string,
  what: string,
  count: number,
  topics: readonly string[],
): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (let n = 0; n < count; n++) {
    const peer = await examiner.connect({ at: n % examiner.endpoints, user: `${room}-${what}-${n}` });
    for (const topic of topics) await peer.subscribe(topic);
    peers.push(peer);
  }
  return peers;
}

/** All senders at once. The ids of the messages once every reader has them all; undefined where that did not come about. */
async function talk(
  examiner: Examiner,
  room: string,
  senders: readonly Peer[],
  readers: readonly Peer[],
  messages: number,
): Promise<readonly string[] | undefined> {
  const destination = `/app/chat.send/${room}`;
  const said = senders.flatMap((sender) =>
    Array.from({ length: messages }, () => sendAnswered(examiner, sender, destination, chat("busy"))),
  );
  const confirmed = (await Promise.all(said)).filter(({ how }) => how === "confirmed").length;
  const idsOf = (reader: Peer) =>
    reader.frames.filter(({ headers }) => headers.destination === `/topic/room.${room}`).map(messageIdOf);
  const all = () => readers.every((reader) => idsOf(reader).length >= confirmed);
  const arrived = confirmed === said.length && (await eventually(examiner, all, WITHIN_MS));
  return arrived ? idsOf(readers[0] as Peer) : undefined;
}

function messageIdOf({ headers }: Heard): string {
  return headers["message-id"] as string;
}

function answer(examiner: Examiner, reader: Peer, what: "ack" | "read", id: string): Promise<AnsweredSend> {
  return sendAnswered(examiner, reader, `/app/message.${what}/${id}`, "");
}

async function readAll(
  examiner: Examiner,
  reader: Peer,
  ids: readonly string[],
  { readEveryMs }: Receipts,
): Promise<AnsweredSend[]> {
  const answers: Promise<AnsweredSend>[] = [];
  for (const id of ids) {
    answers.push(answer(examiner, reader, "read", id));
    await examiner.sleep(readEveryMs);
  }
  return Promise.all(answers);
}

/** B82. A store that did not answer is another matter, and no answer to this question. */
function notLimited(examiner: Examiner, doing: string, answers: readonly AnsweredSend[]): void {
  const limited = answers.filter(({ how, retryAfterMs }) => how === "refused" && retryAfterMs !== undefined);
  const ended = answers.filter(({ how }) => how === "error" || how === "closed");
  const wrong = [...limited, ...ended];
  if (wrong.length === 0 && answers.some(({ how }) => how !== "confirmed")) return;
  examiner.observe("acks-not-limited", {
    holds: wrong.length === 0,
    seen:
      wrong.length === 0
        ? `${answers.length} confirmed while ${doing}`
        : `while ${doing} ${limited.length} of ${answers.length} refused, ${ended.length} lost: ${wrong[0]?.reason}`,
  });
}

interface ReceiptNews {
  readonly receipts: readonly {
    readonly userId: string;
    readonly status: string;
    readonly messageIds: string[];
  }[];
}

/** B80, B79. */
async function heardOfReads(
  examiner: Examiner,
  senders: readonly Peer[],
  { readers, messages, receiptWindowMs }: Receipts,
  fromMs: number,
): Promise<void> {
  const owed = readers * messages;
  const news = (sender: Peer) =>
    sender.frames
      .filter(({ headers, atMs }) => headers.destination === RECEIPTS && atMs >= fromMs)
      .map((heard) => ({ heard, read: readsIn(heard) }))
      .filter(({ read }) => read > 0);
  const count = (sender: Peer) => news(sender).reduce((sum, { read }) => sum + read, 0);
  await eventually(examiner, () => senders.every((sender) => count(sender) >= owed), WITHIN_MS);
  if (senders.some(({ closed }) => closed !== undefined)) return;
  examiner.observe("senders-hear-of-reads", {
    holds: senders.every((sender) => count(sender) === owed),
    seen: senders.map((sender) => `${sender.server}: ${count(sender)} of ${owed}`).join(", "),
  });
  // Every instance with a reader tells at the end of each window in which something was read.
  const counted = senders.map((sender) => {
    const heard = news(sender).map((one) => one.heard);
    const lastMs = Math.max(fromMs, ...heard.map(({ atMs }) => atMs));
    const windows = Math.ceil((lastMs - fromMs) / receiptWindowMs) + 1;
    return { server: sender.server, told: heard.length, allowed: readers * windows, reads: count(sender) };
  });
  if (counted.some(({ allowed }) => allowed >= owed)) return;
  examiner.observe("receipts-are-batched", {
    holds: counted.every(({ told, allowed }) => told <= allowed),
    seen: counted
      .map(
        ({ server, told, allowed, reads }) =>
          `${server}: ${reads} reads in ${told} messages (${allowed} at most)`,
      )
      .join(", "),
  });
}

function readsIn({ body }: Heard): number {
  const { receipts } = JSON.parse(body) as ReceiptNews;
  return receipts
    .filter(({ status }) => status === "READ")
    .reduce((sum, { messageIds }) => sum + messageIds.length, 0);
}

/** B81. The background chat acknowledges nothing, so that every READ is one of ours. */
async function statuses(examiner: Examiner, reader: Peer, ids: readonly string[]): Promise<void> {
  const before = await readInStore(examiner);
  const again = await Promise.all(ids.map((id) => answer(examiner, reader, "ack", id)));
  if (before === undefined || again.some(({ how }) => how !== "confirmed")) return;
  const after = await readInStore(examiner);
  if (after === undefined) return;
  examiner.observe("status-read-in-store", {
    holds: before >= ids.length && after >= before,
    seen: `of ${ids.length} that were read ${before} are READ, and ${after} after one more acknowledgement`,
  });
}

async function readInStore(examiner: Examiner): Promise<number | undefined> {
  if (examiner.internalAuthorization === undefined) return undefined;
  const { status, body } = await examiner.http({
    path: "/internal/messages/status",
    headers: { authorization: examiner.internalAuthorization },
  });
  if (status !== 200) return undefined;
  return (JSON.parse(body) as { messages: { READ: number } }).messages.READ;
}
