import { REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { eventually } from "./model/exam-parts.ts";
import type { Examiner, Heard, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, holdMs: 12_000, pairs: 3, messages: 8 };
type Private = typeof params;

const PRIVATE = "/user/queue/direct-messages";
const WITHIN_MS = 5_000;

const asks = [
  {
    about: "dm-reaches-recipient-elsewhere",
    invariant: "INV-COVER",
    expected: "a private message reaches its recipient on another instance",
  },
  {
    about: "dm-reaches-recipient-here",
    invariant: "INV-COVER",
    expected: "a private message reaches its recipient on the same instance",
  },
  {
    about: "dm-echoed-to-sender",
    invariant: "INV-COVER",
    expected: "the sender's other tab, on another instance, gets what was sent",
  },
  { about: "dm-comes-once", invariant: "INV-DUP", expected: "nobody gets a private message twice" },
  {
    about: "dm-reaches-nobody-else",
    invariant: "INV-ISOLATE",
    expected: "a third user with the same queue gets none of it",
  },
] as const;

/** C28: private messages between users on different instances. */
export default defineScenario({
  name: "private-cross-instance",
  summary:
    "private messages between users on the same and on different instances: to both sides, once, to nobody else",
  requirement: ["C28"],
  params,
  explain: {
    ...chatExplain,
    pairs: "users who each write to one on another instance and to one on their own",
    messages:
      "private messages that one of them sends to all, at once; the server takes 10 a second of one user",
  },
  bounds: { ...chatBounds, pairs: [1, 100], messages: [2, 10] },
  checks: [...quietChecks, "reaches-everyone", "once-only", "private-stays-private"],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), writer: writer(given) }),
});

function writer(given: Private): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.pairs),
    asks,
    async exam(examiner) {
      const { number } = examiner.client;
      const enter = async (who: string, at: number) => {
        const peer = await examiner.connect({ at: at % examiner.endpoints, user: `${who}-${number}` });
        for (const queue of [PRIVATE, REPLY_QUEUE]) await peer.subscribe(queue);
        return peer;
      };
      const sender = await enter("writer", number);
      const otherTab = await enter("writer", number + 1);
      const here = await enter("neighbour", number);
      const elsewhere = await enter("distant", number + 1);
      const stranger = await enter("stranger", number + 1);

      const sent: string[] = [];
      const sends = Array.from({ length: given.messages }, async (_, n) => {
        const to = n % 2 === 0 ? "distant" : "neighbour";
        const content = `private-${number}-${n}-to-${to}`;
        const body = JSON.stringify({ recipientId: `${to}-${number}`, content });
        const { how } = await sendAnswered(examiner, sender, "/app/dm.send", body);
        if (how === "confirmed") sent.push(content);
      });
      await Promise.all(sends);
      const distant = sent.filter((content) => content.endsWith("distant"));
      const near = sent.filter((content) => content.endsWith("neighbour"));
      await reaches(examiner, "dm-reaches-recipient-here", here, near);
      if (examiner.endpoints > 1) {
        await reaches(examiner, "dm-reaches-recipient-elsewhere", elsewhere, distant);
        await reaches(examiner, "dm-echoed-to-sender", otherTab, sent);
      }
      const all = [sender, otherTab, here, elsewhere];
      const twice = all.flatMap((peer) => sent.filter((content) => times(peer, content) > 1));
      if (sent.length === 0) return;
      examiner.observe("dm-comes-once", {
        holds: twice.length === 0,
        seen: twice.length === 0 ? `${sent.length} messages, none twice` : `twice: ${twice.join(", ")}`,
      });
      const strange = stranger.frames.filter(isPrivate).map(({ body }) => body);
      examiner.observe("dm-reaches-nobody-else", {
        holds: strange.length === 0,
        seen: strange[0] ?? "the stranger got nothing",
        server: stranger.server,
      });
    },
  };
}

/** B43. Those that were confirmed are owed. */
async function reaches(
  examiner: Examiner,
  about: "dm-reaches-recipient-here" | "dm-reaches-recipient-elsewhere" | "dm-echoed-to-sender",
  peer: Peer,
  owed: readonly string[],
): Promise<void> {
  if (owed.length === 0) return;
  const got = () => owed.filter((content) => times(peer, content) > 0).length;
  await eventually(examiner, () => got() === owed.length, WITHIN_MS);
  if (peer.closed !== undefined) return;
  examiner.observe(about, {
    holds: got() === owed.length,
    seen: `${got()} of ${owed.length} confirmed messages`,
    server: peer.server,
  });
}

function isPrivate({ command, headers }: Heard): boolean {
  return command === "MESSAGE" && headers.destination === PRIVATE;
}

function times(peer: Peer, content: string): number {
  return peer.frames.filter((heard) => isPrivate(heard) && contentOf(heard) === content).length;
}

function contentOf({ body }: Heard): unknown {
  return (JSON.parse(body) as { content?: unknown }).content;
}
