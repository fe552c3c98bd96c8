import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { count, heard, hearsAll, missingOf, repeatedOf, say, topicOf } from "./model/talk.ts";

const params = { ...quietChat, relay: "pubsub", said: 6 };
type FanOut = typeof params;

/** Well above the second in which a delivery must have come (D3). */
const HEARD_WITHIN_MS = 5_000;

const asks = [
  {
    about: "own-instance-hears",
    invariant: "INV-COVER",
    expected: "who is on the sender's own instance hears every confirmed message",
  },
  {
    about: "other-instances-hear",
    invariant: "INV-COVER",
    expected: "who is on another instance hears every confirmed message",
  },
  {
    about: "heard-once-on-own-instance",
    invariant: "INV-DUP",
    expected: "on the sender's own instance each message comes once",
  },
  {
    about: "heard-once-on-others",
    invariant: "INV-DUP",
    expected: "on the other instances each message comes once",
  },
] as const;

/** C13: rooms that span all instances. */
export default defineScenario({
  name: "fan-out-room",
  summary: "what is said in a room reaches everyone in it, on every instance, once",
  requirement: ["C13"],
  params,
  explain: {
    ...chatExplain,
    relay: "how the reference server's instances hear of each other: pubsub, or streams",
    said: "messages that the examiner says on each instance",
  },
  bounds: { ...chatBounds, relay: ["pubsub", "streams"], said: [1, 10] },
  checks: [...quietChecks, "reaches-everyone", "once-only"],
  reference: ({ relay }) => ({ RELAY: relay }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: FanOut): ExamRole {
  return {
    load: examinersAfter(given.rampMs, 1),
    asks,
    exam: (examiner) => everybodyHears(examiner, given.said),
  };
}

async function everybodyHears(examiner: Examiner, said: number): Promise<void> {
  const room = `exam-${examiner.client.number}`;
  const peers: Peer[] = [];
  for (let at = 0; at < examiner.endpoints; at++) {
    const peer = await examiner.connect({ at, user: `${examiner.client.user}-${at}` });
    await peer.subscribe(topicOf(room));
    peers.push(peer);
  }
  // By the instance on which it was said.
  const confirmed = await Promise.all(peers.map((peer, at) => sayAll(peer, room, at, said)));
  const all = confirmed.flat();
  if (confirmed.some((own) => own.length === 0)) throw new Error("nothing was confirmed on an instance");
  await Promise.all(peers.map((peer) => hearsAll(peer, topicOf(room), all, HEARD_WITHIN_MS)));
  // A second copy may be a little behind; it is not waited for longer than a first one would be on a good day.
  await examiner.sleep(SECOND_COPY_MS);
  for (const [at, peer] of peers.entries()) {
    const got = heard(peer, topicOf(room));
    const own = confirmed[at] ?? [];
    const others = all.filter((content) => !own.includes(content));
    const { server } = peer;
    examiner.observe("own-instance-hears", {
      holds: missingOf(own, got).length === 0,
      seen: `${count(own, got)}`,
      server,
    });
    if (others.length > 0) {
      examiner.observe("other-instances-hear", {
        holds: missingOf(others, got).length === 0,
        seen: count(others, got),
        server,
      });
    }
    for (const [about, wanted] of [
      ["heard-once-on-own-instance", own],
      ["heard-once-on-others", others],
    ] as const) {
      const twice = repeatedOf(wanted, got);
      examiner.observe(about, {
        holds: twice.length === 0,
        seen: `${twice.length} of ${wanted.length} came again${twice.length > 0 ? `: ${twice.slice(0, 5).join(", ")}` : ""}`,
        server,
      });
    }
  }
}

const SECOND_COPY_MS = 500;

async function sayAll(peer: Peer, room: string, at: number, said: number): Promise<string[]> {
  const confirmed: string[] = [];
  for (let n = 0; n < said; n++) {
    const content = `at-${at}-${n}`;
    if (await say(peer, room, content)) confirmed.push(content);
  }
  return confirmed;
}
