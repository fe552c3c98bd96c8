import { chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import type { RawFrame } from "./model/engine.ts";
import type { Examiner } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, holdMs: 14_000, senders: 4, largeBytes: 10_485_760, messageBytesMax: 65_536 };
type Large = typeof params;

/** A text frame, and one that goes on with it (RFC 6455, 5.2). */
const TEXT = 1;
const CONTINUATION = 0;
/** Closed for a message that is too big (RFC 6455, 7.4.1). */
const TOO_BIG = 1009;
const WITHIN_MS = 5_000;
const FRAGMENTS = 4;

const asks = [
  {
    about: "oversize-refused-by-its-head",
    invariant: "INV-REJECT",
    expected: "1009 as soon as a frame announces too much, before its bytes have come",
  },
  {
    about: "oversize-in-fragments-refused",
    invariant: "INV-REJECT",
    expected: "1009 when the fragments of one message are too much together",
  },
  {
    about: "oversize-refused",
    invariant: "INV-REJECT",
    expected: "1009 for a whole message that is too big",
  },
  {
    about: "others-served-beside-large",
    invariant: "INV-FAIR",
    expected: "a small message on the same instance is confirmed meanwhile",
  },
  {
    about: "large-goes-by-reference",
    invariant: "INV-BOUND",
    expected: "large content has a way beside the WebSocket: an upload is granted",
  },
] as const;

/** C30: several users send what is far too large, at once and in every form. */
export default defineScenario({
  name: "large-messages",
  summary:
    "users send messages of megabytes, announced, in fragments and whole: refused early, and nobody else feels it",
  requirement: ["C30"],
  params,
  explain: {
    ...chatExplain,
    senders: "users who send what is too large, all at once",
    largeBytes: "length of a large message, in bytes",
    messageBytesMax: "the longest STOMP frame that the server accepts, in bytes",
  },
  bounds: {
    ...chatBounds,
    senders: [1, 50],
    largeBytes: [200_000, 104_857_600],
    messageBytesMax: [1_024, 100_000],
  },
  checks: [...quietChecks, "refusals", "fairness", "bounds"],
  reference: ({ messageBytesMax }) => ({ MAX_MESSAGE_BYTES: String(messageBytesMax) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), sender: sender(given) }),
});

function sender(given: Large): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.senders),
    asks,
    async exam(examiner) {
      const small = await examiner.connect({ user: `small-${examiner.client.number}` });
      await small.subscribe(REPLY_QUEUE);
      await frames(examiner, "oversize-refused-by-its-head", [
        { opcode: TEXT, payload: bytes(1_024), claimedBytes: given.largeBytes },
      ]);
      await frames(examiner, "oversize-in-fragments-refused", fragments(given));
      const whole = frames(examiner, "oversize-refused", [
        { opcode: TEXT, payload: bytes(given.largeBytes) },
      ]);
      const { how, reason } = await sendAnswered(
        examiner,
        small,
        `/app/chat.send/exam-large-${examiner.client.number}`,
        chat("small"),
      );
      examiner.observe("others-served-beside-large", {
        holds: how === "confirmed",
        seen: `${how} ${reason}`.trim(),
        server: small.server,
      });
      await whole;
      await upload(examiner, given.largeBytes);
    },
  };
}

/** The fragments alone are within the limit; together they are twice as much. */
function fragments({ messageBytesMax }: Large): RawFrame[] {
  const length = Math.floor((messageBytesMax * 2) / FRAGMENTS);
  return Array.from({ length: FRAGMENTS }, (_, n) => ({
    opcode: n === 0 ? TEXT : CONTINUATION,
    final: n === FRAGMENTS - 1,
    payload: bytes(length, n === 0 ? HEAD : ""),
  }));
}

/** How a SEND begins: what is no STOMP would be refused for that. */
const HEAD = "SEND\ndestination:/app/chat.send/exam-large\n\n";

/** So many bytes of text, the first ones from the head of a SEND where they begin a message. */
function bytes(count: number, head = HEAD): Uint8Array {
  const text = new Uint8Array(count).fill("x".charCodeAt(0));
  for (let n = 0; n < head.length; n++) text[n] = head.charCodeAt(n);
  return text;
}

async function frames(
  examiner: Examiner,
  about: Exclude<(typeof asks)[number]["about"], "others-served-beside-large" | "large-goes-by-reference">,
  sent: readonly RawFrame[],
): Promise<void> {
  const peer = await examiner.connect({ user: `large-${examiner.client.number}` });
  for (const frame of sent) peer.raw.sendFrame(frame);
  const closed = await peer.ended(WITHIN_MS);
  // Who still writes when the server lets go gets a reset, which can overtake the close frame.
  const cutOff = about === "oversize-refused" && closed?.code === null;
  examiner.observe(about, {
    holds: closed?.code === TOO_BIG || cutOff,
    seen: closed ? `close ${closed.code} ${closed.reason}`.trim() : `still open after ${WITHIN_MS} ms`,
    server: peer.server,
  });
  if (closed === undefined) peer.close(1000);
}

/** A71. */
async function upload(examiner: Examiner, largeBytes: number): Promise<void> {
  const token = examiner.token({ sub: `large-${examiner.client.number}` });
  const { status, body } = await examiner.http({
    method: "POST",
    path: "/api/uploads",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ contentType: "image/png", bytes: largeBytes }),
  });
  examiner.observe("large-goes-by-reference", {
    holds: status === 201,
    seen: `status ${status} ${status === 201 ? "" : body}`.trim(),
  });
}
