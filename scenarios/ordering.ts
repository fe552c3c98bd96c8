import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { heard, hearsAll, PATIENCE_MS, type Said, shout, topicOf } from "./model/talk.ts";

const params = { ...quietChat, senders: 2, rounds: 6, burst: 15, jitterMs: 15, slowForMs: 7_000 };
type InOrder = typeof params;

const asks = [
  {
    about: "sent-order-kept",
    invariant: "INV-ORDER",
    expected: "what one client sends one after the other is heard in that order",
  },
  {
    about: "same-order-for-all",
    invariant: "INV-ORDER",
    expected: "all clients of a room hear it in the same order, whatever their instance",
  },
  {
    about: "sequence-is-the-order",
    invariant: "INV-ORDER",
    expected: "the room's sequence rises with each message that is heard",
  },
] as const;

/** C21: clients send without waiting for an answer, while the store answers now sooner, now later. */
export default defineScenario({
  name: "ordering",
  summary:
    "bursts of several senders, with a jittery store: each sender's order is kept, and all hear one order",
  requirement: ["C21"],
  params,
  explain: {
    ...chatExplain,
    senders: "clients that send in bursts, each on another instance",
    rounds: "bursts of each",
    burst: "messages of a burst, none of which waits for the one before it",
    jitterMs: "by how much the answers of the store vary, up and down",
    slowForMs: "for how long they do",
  },
  bounds: {
    ...chatBounds,
    senders: [1, 10],
    rounds: [1, 100],
    burst: [2, 50],
    jitterMs: [5, 500],
    slowForMs: [1_000, 3_600_000],
  },
  checks: [...quietChecks, "resumed-order"],
  reference: () => ({ USER_RATE: "off", SESSION_RATE: "off" }),
  faults: (given) => [
    `latency@${slowMs(given)}ms..${slowMs(given) + given.slowForMs}ms:server-all/postgres,latencyMs=${given.jitterMs},jitterMs=${given.jitterMs},stream=downstream`,
  ],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function slowMs({ rampMs }: Pick<InOrder, "rampMs">): number {
  return chatWarmUpMs(rampMs) + 500;
}

function examiner(given: InOrder): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: slowMs(given) + 1_500 },
    asks,
    async exam(examiner) {
      const room = `exam-${examiner.client.number}`;
      const peers: Peer[] = [];
      for (let n = 0; n < given.senders; n++) {
        const peer = await examiner.connect({
          at: n % examiner.endpoints,
          user: `${examiner.client.user}-${n}`,
        });
        await peer.subscribe(topicOf(room));
        peers.push(peer);
      }
      for (let round = 0; round < given.rounds; round++)
        await burst(examiner, room, peers, round, given.burst);
      sameOrder(examiner, room, peers);
    },
  };
}

async function burst(
  examiner: Examiner,
  room: string,
  peers: readonly Peer[],
  round: number,
  size: number,
): Promise<void> {
  const topic = topicOf(room);
  const names = peers.map((_, n) => Array.from({ length: size }, (_, m) => `${n}/${round}/${m}`));
  for (const [n, peer] of peers.entries()) {
    for (const content of names[n] ?? []) shout(peer, room, content, content);
  }
  const confirmed: string[][] = [];
  for (const [n, peer] of peers.entries()) {
    const own: string[] = [];
    for (const content of names[n] ?? []) {
      const receipt = await peer.next(({ headers }) => headers["receipt-id"] === content, PATIENCE_MS);
      if (receipt?.command === "RECEIPT") own.push(content);
    }
    confirmed.push(own);
  }
  for (const listener of peers) {
    if (!(await hearsAll(listener, topic, confirmed.flat()))) continue;
    const got = heard(listener, topic);
    for (const own of confirmed) {
      if (own.length < 2) continue;
      const order = got.map(({ content }) => content).filter((content) => own.includes(content));
      const slips = own.filter((content, i) => order[i] !== content);
      examiner.observe("sent-order-kept", {
        holds: slips.length === 0,
        seen: slips.length === 0 ? `${own.length} in order` : `heard as ${order.join(", ")}`,
        server: listener.server,
      });
    }
  }
}

function sameOrder(examiner: Examiner, room: string, peers: readonly Peer[]): void {
  const all = peers.map((peer) => heard(peer, topicOf(room)));
  const complete = all[0] ?? [];
  for (const [n, got] of all.entries()) {
    const { server } = peers[n] as Peer;
    // One that has not heard everything says nothing about the order.
    if (got.length === complete.length && got.length > 1) {
      const differ = got.findIndex(({ content }, i) => content !== complete[i]?.content);
      examiner.observe("same-order-for-all", {
        holds: differ < 0,
        seen:
          differ < 0
            ? `${got.length} messages`
            : `message ${differ} is ${got[differ]?.content}, elsewhere ${complete[differ]?.content}`,
        server,
      });
    }
    if (got.length > 1 && got.every(({ seq }) => seq !== undefined)) {
      const back = backwards(got);
      examiner.observe("sequence-is-the-order", {
        holds: back.length === 0,
        seen: `${back.length} of ${got.length} went back${back.length > 0 ? `: ${back.slice(0, 5).join(", ")}` : ""}`,
        server,
      });
    }
  }
}

function backwards(got: readonly Said[]): number[] {
  const sequences = got.map(({ seq }) => seq as number);
  return sequences.filter((seq, i) => i > 0 && seq <= (sequences[i - 1] as number));
}
