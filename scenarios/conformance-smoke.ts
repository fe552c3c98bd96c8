import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import type { Examiner } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = {
  ...quietChat,
  examiners: 1,
  messageBytesMax: 65_536,
  evilOrigin: "https://evil.example",
};
type Smoke = typeof params;

/** What the check calls it, what is expected. One slug, one question. */
const asks = [
  {
    about: "heart-beat-offered",
    invariant: "INV-CLOSE",
    expected: "CONNECTED offers heart-beats in both directions",
  },
  { about: "foreign-origin-refused", invariant: "INV-REJECT", expected: "the handshake is refused with 403" },
  { about: "missing-token-refused", invariant: "INV-REJECT", expected: "ERROR, and no session" },
  {
    about: "oversize-closed-1009",
    invariant: "INV-REJECT",
    expected: "a frame over the limit ends with 1009",
  },
  { about: "full-size-accepted", invariant: "INV-REJECT", expected: "a frame at the limit gets its RECEIPT" },
] as const;

/** C1: every part of the contract once, beside a small chat. */
export default defineScenario({
  name: "conformance-smoke",
  summary: "the contract once over: heart-beats, origins, tokens, sizes, beside a small chat",
  requirement: ["C1", "C31", "C38"],
  params,
  explain: {
    ...chatExplain,
    examiners: "clients that put the questions",
    messageBytesMax: "the longest STOMP frame that the server accepts, in bytes",
    evilOrigin: "an Origin that the server must refuse",
  },
  bounds: { ...chatBounds, examiners: [1, 10], messageBytesMax: [1_024, 16_000_000] },
  checks: [...quietChecks, "refusals", "orderly-close"],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Smoke): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      await heartBeat(examiner);
      await origin(examiner, given.evilOrigin);
      await token(examiner);
      await sizes(examiner, given);
    },
  };
}

async function heartBeat(examiner: Examiner): Promise<void> {
  const peer = await examiner.connect();
  const offered = peer.connected["heart-beat"] ?? "none";
  const [sends = 0, wants = 0] = offered.split(",").map(Number);
  examiner.observe("heart-beat-offered", { holds: sends > 0 && wants > 0, seen: `heart-beat:${offered}` });
  await peer.leave();
}

async function origin(examiner: Examiner, evil: string): Promise<void> {
  const dialled = await examiner.dial({ origin: evil });
  const holds = dialled.how === "refused" && dialled.status === 403;
  const seen = dialled.how === "open" ? `101 for Origin ${evil}` : dialled.reason;
  examiner.observe("foreign-origin-refused", { holds, seen });
  if (dialled.how === "open") dialled.peer.close(1000);
}

async function token(examiner: Examiner): Promise<void> {
  const seen = await examiner.connect({ token: null }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  examiner.observe("missing-token-refused", { holds: seen !== undefined, seen: seen ?? "CONNECTED" });
}

/** C31: the limit itself, and one byte more. */
async function sizes(examiner: Examiner, { messageBytesMax }: Smoke): Promise<void> {
  const peer = await examiner.connect();
  const destination = `/app/chat.send/exam-${examiner.client.number}`;
  const answer = await peer.ask("SEND", { destination }, bodyFor(destination, messageBytesMax));
  const came =
    answer === undefined ? "silence" : "command" in answer ? answer.command : `close ${answer.code}`;
  examiner.observe("full-size-accepted", { holds: came === "RECEIPT", seen: came });
  peer.send("SEND", { destination }, bodyFor(destination, messageBytesMax + 1_024));
  const closed = await peer.ended(5_000);
  examiner.observe("oversize-closed-1009", {
    holds: closed?.code === 1009,
    seen: closed ? `close ${closed.code} ${closed.reason}` : "still open after 5 s",
  });
}

/** So long that the whole frame has this many bytes, with the receipt and the length that are added to it. */
function bodyFor(destination: string, frameBytes: number): string {
  const around = `SEND\ndestination:${destination}\nreceipt:exam-9\ncontent-length:65000\n\n\0`.length;
  const content = { content: "" };
  const padding = frameBytes - around - JSON.stringify(content).length - SPARE;
  return JSON.stringify({ content: "x".repeat(padding) });
}

const SPARE = 64;
