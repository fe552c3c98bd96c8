import { type AnsweredSend, chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { eventually } from "./model/exam-parts.ts";
import type { Examiner } from "./model/examiner.ts";
import { metricOverAll } from "./model/metrics-page.ts";
import { overRate, showOverRate } from "./model/over-rate.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, flooders: 2, floodSends: 60, floods: 5, sendsMax: 10, windowMs: 1_000 };
type Flood = typeof params;

/** Between two floods of one attacker: each comes back as soon as it was thrown out. */
const FLOOD_EVERY_MS = 1_500;
const MARGIN_MS = 5_000;

const asks = [
  {
    about: "flood-stays-within-limit",
    invariant: "INV-LIMIT",
    expected: "of a flood no more is accepted in any sliding window than the limit",
  },
  {
    about: "flooder-closed-1008",
    invariant: "INV-REJECT",
    expected: "who is refused again and again is told, and then closed with 1008",
  },
  {
    about: "flooder-may-return",
    invariant: "INV-RECOVER",
    expected: "who stops flooding may come back and send",
  },
] as const;

/** C32: some users send without end. What the others feel of it is their own latency, judged as in every chat. */
export default defineScenario({
  name: "message-flood",
  summary: "a few users send as fast as they can: the limit holds, they are closed, and nobody else feels it",
  requirement: ["C32"],
  params,
  explain: {
    ...chatExplain,
    clients: "users who behave, each with one connection, dealt out evenly over the instances",
    flooders: "users who send without end",
    floodSends: "messages of one flood",
    floods: "how often each of them comes back and floods again",
    sendsMax: "SENDs of one user that the server accepts in any windowMs",
    windowMs: "the window of the limit, ms",
  },
  bounds: {
    ...chatBounds,
    flooders: [1, 100],
    // More than the limit and the strikes after it (A70): twice the limit.
    floodSends: [40, 2_000],
    floods: [1, 100],
    sendsMax: [1, 13],
    windowMs: [1_000, 10_000],
  },
  checks: [...quietChecks, "delivery-p99", "rate-limits", "refusals", "comes-back"],
  reference: ({ sendsMax, windowMs }) => ({
    USER_RATE: `${sendsMax}/${windowMs}`,
    SESSION_RATE: `${sendsMax}/${windowMs}`,
  }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), flooder: flooder(given) }),
});

function flooder(given: Flood): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.flooders),
    asks,
    async exam(examiner) {
      for (let flood = 0; flood < given.floods; flood++) {
        const nextMs = examiner.nowMs() + FLOOD_EVERY_MS;
        await floods(examiner, given, flood);
        await examiner.until(nextMs);
      }
      await returns(examiner, given);
    },
  };
}

function user(examiner: Examiner): string {
  return `flooder-${examiner.client.number}`;
}

function say(examiner: Examiner, peer: Parameters<typeof sendAnswered>[1]): Promise<AnsweredSend> {
  return sendAnswered(examiner, peer, `/app/chat.send/exam-${user(examiner)}`, chat("flood"));
}

/** B153. Where an instance counted for itself meanwhile (B158), it was no question about the limit. */
async function floods(examiner: Examiner, given: Flood, flood: number): Promise<void> {
  const { floodSends, sendsMax, windowMs } = given;
  const alone = await metricOverAll(examiner, "counted_alone_total", { what: "send" });
  const peer = await examiner.connect({
    at: (examiner.client.number + flood) % examiner.endpoints,
    user: user(examiner),
  });
  await peer.subscribe(REPLY_QUEUE);
  const answers = await Promise.all(Array.from({ length: floodSends }, () => say(examiner, peer)));
  if ((await metricOverAll(examiner, "counted_alone_total", { what: "send" })) === alone) {
    const confirmed = answers.filter(({ how }) => how === "confirmed");
    const over = overRate(confirmed, sendsMax, windowMs);
    examiner.observe("flood-stays-within-limit", {
      holds: over === undefined,
      seen: `${confirmed.length} of ${floodSends} accepted${over ? `: ${showOverRate(over)}` : ""}`,
      server: peer.server,
    });
  }
  const closed = await peer.ended(MARGIN_MS);
  const told = answers.filter(({ how }) => how === "refused").length;
  examiner.observe("flooder-closed-1008", {
    holds: closed?.code === 1008 && told > 0,
    seen: `${told} refusals told, then ${closed ? `close ${closed.code}` : "still open"}`,
    server: peer.server,
  });
  if (closed === undefined) await peer.leave();
}

async function returns(examiner: Examiner, { windowMs }: Flood): Promise<void> {
  await examiner.sleep(windowMs);
  let last = "";
  const holds = await eventually(
    examiner,
    async () => {
      const peer = await examiner.connect({ user: user(examiner) });
      await peer.subscribe(REPLY_QUEUE);
      const { how, reason } = await say(examiner, peer);
      last = `${how} ${reason}`.trim();
      await peer.leave();
      return how === "confirmed";
    },
    MARGIN_MS,
  );
  examiner.observe("flooder-may-return", { holds, seen: last || "could not connect" });
}
