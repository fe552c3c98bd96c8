import type { BackoffName } from "./model/backoff.ts";
import {
  chatBounds,
  chatChecks,
  chatExplain,
  chatParams,
  chatTiming,
  chatters,
  chatWarmUpMs,
} from "./model/chat.ts";
import type { Pace } from "./model/engine.ts";
import { type Examiner, isReceipt } from "./model/examiner.ts";
import { inRoom, roomOf } from "./model/room.ts";
import { defineScenario, type ExamRole, type Role } from "./model/scenario.ts";
import type { Session } from "./model/session.ts";

/** Slow consumers are closed with it (A65). */
const OVERLOAD = 1013;

const params = {
  ...chatParams,
  clients: 40,
  rampMs: 4_000,
  holdMs: 34_000,
  loudClients: 4,
  loudEveryMs: 250,
  loudBytes: 48_000,
  stalledClients: 1,
  tricklingClients: 1,
  muteClients: 1,
  trickleBytesPerSecond: 1_024,
  slowForMs: 20_000,
};
type SlowReader = typeof params;

/** One on each of three instances. */
const WITNESSES = 3;
const WITNESS_EVERY_MS = 200;
/**
 * A message that is not back while so many later ones were sent and confirmed, one after the other, waits for somebody.
 * Counted, not timed: a machine that is busy delays confirmations and messages alike.
 */
const BEHIND_MAX = 6;
/** A confirmation that takes longer is another trouble than this. */
const CONFIRMED_WITHIN_MS = 8_000;

const asks = [
  {
    about: "own-messages-keep-up",
    invariant: "INV-FAIR",
    expected: `a message is back at its sender before ${BEHIND_MAX} later ones are confirmed`,
  },
] as const;

/**
 * C11: clients complete the handshake and then do not read: one stops, one trickles, one sends and never reads. What
 * is meant for them fills their own kernel, the proxy, the server's kernel and at last the server, which must let them
 * go (1013) and keep everybody else as fast as before. Then they read on, find the close, and come back.
 *
 *
 * The buffers below the server hold 8 to 9 MB for one connection through a proxy (E64, docs/decisions/0005), so the
 * loud ones push more than that. They are native too: megabytes a second would make k6 late, and their own deliveries
 * are those of the slow ones' room-mates, which must not wait for them.
 */
export default defineScenario({
  name: "slow-reader",
  summary: "clients that stop reading, trickle, or only send are evicted; nobody else is harmed by them",
  requirement: ["C11"],
  params,
  explain: {
    ...chatExplain,
    clients: "users who behave, each with one connection, dealt out evenly over the instances",
    loudClients:
      "users who send large messages to each other and to the slow readers, in a room of their own",
    loudEveryMs:
      "distance of one loud user's messages; the server takes 10 a second of one user, also after a stall",
    loudBytes: "length of a loud message's text",
    stalledClients: "clients that stop reading at the socket",
    tricklingClients: "clients that read trickleBytesPerSecond",
    muteClients: "clients that read nothing but send as the others do",
    trickleBytesPerSecond: "what a trickling client takes from its socket, in bytes a second",
    slowForMs: "how long they read badly; then they read on and see what became of them",
  },
  bounds: {
    ...chatBounds,
    // The slow time, the way back to the end of the back-off, and a look at the healed system.
    holdMs: [15_000, 3_600_000],
    loudClients: [1, 100],
    loudEveryMs: [100, 60_000],
    loudBytes: [64, 60_000],
    stalledClients: [0, 1_000],
    tricklingClients: [0, 1_000],
    muteClients: [0, 1_000],
    trickleBytesPerSecond: [1, 1_000_000],
    slowForMs: [1_000, 3_600_000],
  },
  // Not send-queue-depth: a few slow readers among a few clients are more than its 1 % (D9).
  checks: [
    ...chatChecks.filter((check) => check !== "send-queue-depth" && check !== "recovery-time"),
    "evicted",
    "fairness",
  ],
  timing: chatTiming,
  roles: (given) => ({
    chatter: chatters(given),
    loud: loud(given),
    stalled: slow(given, given.stalledClients, "never"),
    trickling: slow(given, given.tricklingClients, { bytesPerSecond: given.trickleBytesPerSecond }),
    mute: slow(given, given.muteClients, "never", true),
    witness: witness(given),
  }),
});

function loud(given: SlowReader): Role {
  return {
    load: { kind: "ramp", clients: given.loudClients, overMs: given.rampMs },
    reconnect: given.reconnect as BackoffName,
    engine: "native",
    async session(stomp) {
      await join(stomp, given);
      await stomp.publish({
        destination: inRoom(given.sendDestination, loudRoom(given)),
        everyMs: given.loudEveryMs,
        bytes: given.loudBytes,
        receipt: true,
      });
      await stomp.stay();
      await stomp.disconnect();
    },
  };
}

function slow(given: SlowReader, clients: number, pace: Pace, sends = false): Role {
  return {
    load: { kind: "constant", clients, atMs: chatWarmUpMs(given.rampMs) },
    reconnect: given.reconnect as BackoffName,
    engine: "native",
    provokes: [OVERLOAD],
    async session(stomp) {
      await join(stomp, given);
      const sending = sends ? publish(stomp, given) : undefined;
      if (stomp.attempt === 0) {
        stomp.raw.read(pace);
        await stomp.wait(given.slowForMs);
        stomp.raw.read("freely");
      }
      await sending;
      await stomp.stay();
      await stomp.disconnect();
    },
  };
}

/** Talks to itself while others do not read: its messages must not wait for them (B104). */
function witness(given: SlowReader): ExamRole {
  return {
    load: { kind: "constant", clients: WITNESSES, atMs: chatWarmUpMs(given.rampMs) },
    asks,
    exam: (examiner) => talkToItself(examiner, given),
  };
}

async function talkToItself(examiner: Examiner, given: SlowReader): Promise<void> {
  const { number, user } = examiner.client;
  const peer = await examiner.connect();
  const room = `witness-${number}`;
  await peer.subscribe(`/topic/room.${room}`);
  const untilMs = examiner.nowMs() + given.slowForMs;
  let behind = 0;
  let sent = 0;
  while (examiner.nowMs() < untilMs && !peer.closed) {
    const content = { content: `${user} ${sent}` };
    const answer = await peer.ask(
      "SEND",
      { destination: `/app/chat.send/${room}` },
      JSON.stringify(content),
      CONFIRMED_WITHIN_MS,
    );
    // Not confirmed: then nothing can be said of when it comes.
    if (!isReceipt(answer)) return;
    sent += 1;
    const back = peer.frames.filter(({ command }) => command === "MESSAGE").length;
    behind = Math.max(behind, sent - 1 - back);
    await examiner.sleep(WITNESS_EVERY_MS);
  }
  if (peer.closed || sent <= BEHIND_MAX) return;
  examiner.observe("own-messages-keep-up", {
    holds: behind < BEHIND_MAX,
    seen: `up to ${behind} of ${sent} confirmed messages were not back when the next was confirmed`,
    server: peer.server,
  });
  await peer.leave();
}

/** After those of the chatters. */
function loudRoom({ clients, roomSize }: SlowReader): number {
  return roomOf(clients + roomSize - 1, roomSize);
}

async function join(stomp: Session, given: SlowReader): Promise<void> {
  await stomp.connect();
  await stomp.subscribe(inRoom(given.subscribeDestination, loudRoom(given)));
}

function publish(stomp: Session, given: SlowReader): Promise<void> {
  return stomp.publish({
    destination: inRoom(given.sendDestination, loudRoom(given)),
    everyMs: given.publishEveryMs,
    bytes: given.bodyBytes,
    receipt: true,
  });
}
