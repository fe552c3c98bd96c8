import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import type { Examiner, Heard, Peer } from "./model/examiner.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

/** The baseline that the slow time is compared with. */
const BASELINE_MS = 3_000;
const SLOW_MS = 10_000;
/** A wait of so many intervals without a beat is a beat that is late by half an interval or more (B13). */
const PROVEN_INTERVALS = 1.5;
/** Until the SEND before it has been taken by the store. */
const AFTER_FIRST_MS = 100;
const BETWEEN_ROUNDS_MS = 500;
const ANSWER_WITHIN_MS = 8_000;
const REPLIES = "/user/queue/reply";

const params = {
  ...quietChat,
  holdMs: 20_000,
  pairs: 3,
  heartbeatMs: 2_000,
  statementMs: 1_700,
};
type Slow = typeof params;

const asks = [
  {
    about: "beats-while-a-send-waits",
    invariant: "INV-CLOSE",
    expected: "heart-beats come while a SEND waits for the database",
  },
  {
    about: "every-send-answered",
    invariant: "INV-BOUND",
    expected: "each SEND is confirmed, or refused with a reason, within 8 s",
  },
] as const;

/**
 * C46: the database takes 1.7 s for each INSERT, under steady chat. Senders wait, and everything that does not need the
 * database goes on: the heart-beats above all.
 *
 * A store has one transaction at a time for each room, so the second of two SENDs to a room waits for the first one's
 * too, for about 3.3 s together: longer than 1.5 heart-beats. The server gives up a statement, and a wait in its queue,
 * after 2 s, so neither may take longer.
 */
export default defineScenario({
  name: "db-slow",
  summary:
    "the database answers slowly: messages are late, but nothing is lost and the heart-beats are in time",
  requirement: ["C46"],
  params,
  explain: {
    ...chatExplain,
    pairs: "pairs of examiners' connections; the second of each waits for the first one's SEND",
    heartbeatMs: "the heart-beat of both sides, as the reference server is told (HEARTBEAT_MS)",
    statementMs: "how long an INSERT takes in the slow time",
  },
  bounds: {
    ...chatBounds,
    holdMs: [18_000, 3_600_000],
    pairs: [1, 20],
    heartbeatMs: [1_000, 2_200],
    statementMs: [1_000, 1_900],
  },
  checks: [...chatChecks, "orderly-close", "bounds"],
  // What waits for two statements, and a machine that is busy; what is sent at the end of it is confirmed after it. The
  // baseline is too short to hold D1 on a busy machine, and is held to D3.
  limits: ["delivery-p99.baseline=1000", "delivery-p99.fault=6000", "delivery-p99.recovery=4000"],
  faults({ rampMs, statementMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return [`pg-slow-statement@${fromMs}ms..${fromMs + SLOW_MS}ms:postgres,delayMs=${statementMs}`];
  },
  reference: ({ heartbeatMs }) => ({ HEARTBEAT_MS: String(heartbeatMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), sender: senders(given) }),
});

function senders(given: Slow): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: chatWarmUpMs(given.rampMs) },
    asks,
    async exam(examiner) {
      await Promise.all(Array.from({ length: given.pairs }, (_, n) => waitTogether(examiner, given, n)));
    },
  };
}

/** Round by round until publishing ends; what counts is the rounds in which the database was slow. */
async function waitTogether(examiner: Examiner, given: Slow, pair: number): Promise<void> {
  const connect = async (who: string) => {
    const peer = await examiner.connect({
      at: pair % examiner.endpoints,
      user: `${examiner.client.user}-${pair}-${who}`,
      beat: [given.heartbeatMs, given.heartbeatMs],
    });
    await peer.subscribe(REPLIES);
    return peer;
  };
  const [first, second] = await Promise.all([connect("first"), connect("second")]);
  const untilMs = given.rampMs + given.holdMs - ANSWER_WITHIN_MS;
  // Another room each time: this one's lane to the store may be shared with a busy room.
  for (let round = 0; examiner.nowMs() < untilMs && !second.closed; round++) {
    const destination = `/app/chat.send/slow-${examiner.client.number}-${pair}-${round}`;
    const before = send(first, destination, `${round}`);
    await examiner.sleep(AFTER_FIRST_MS);
    await waitFor(examiner, second, destination, given.heartbeatMs, `${round}`);
    await before;
    // While the database is quick this is no load to speak of, and stays below the rate of a user (A67).
    await examiner.sleep(BETWEEN_ROUNDS_MS);
  }
}

async function waitFor(
  examiner: Examiner,
  peer: Peer,
  destination: string,
  heartbeatMs: number,
  receipt: string,
): Promise<void> {
  const fromMs = examiner.nowMs();
  const heard = await send(peer, destination, receipt);
  if (peer.closed) return;
  const toMs = heard?.atMs ?? examiner.nowMs();
  const waitedMs = Math.round(toMs - fromMs);
  examiner.observe("every-send-answered", {
    holds: heard !== undefined,
    seen: `${heard ? (heard.headers.outcome ?? heard.command) : "no answer"} after ${waitedMs} ms`,
    server: peer.server,
  });
  if (waitedMs < PROVEN_INTERVALS * heartbeatMs) return;
  // One that came in the same read as the answer did not come before it.
  const beats = peer.beats.filter((atMs) => atMs > fromMs && atMs < toMs).length;
  examiner.observe("beats-while-a-send-waits", {
    holds: beats > 0,
    seen: `${beats} beats of ${heartbeatMs} ms while a SEND waited ${waitedMs} ms`,
    server: peer.server,
  });
}

/** Its RECEIPT, or what the reply queue says of it. */
function send(peer: Peer, destination: string, receipt: string): Promise<Heard | undefined> {
  const content = { content: `slow ${receipt}` };
  peer.send("SEND", { destination, receipt }, JSON.stringify(content));
  return peer.next(({ headers }) => headers["receipt-id"] === receipt, ANSWER_WITHIN_MS);
}
