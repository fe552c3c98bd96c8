import { chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { eventually } from "./model/exam-parts.ts";
import { type Examiner, type Heard, NotConnected, type Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = {
  ...quietChat,
  mobiles: 4,
  flaps: 4,
  onlineMs: 900,
  offlineMs: 700,
  sendEveryMs: 250,
};
type Mobile = typeof params;

/** The longest of a random time is twice its mean. */
const SPREAD = 2;
const MARGIN_MS = 5_000;

const asks = [
  {
    about: "flapper-misses-nothing",
    invariant: "INV-LOSS",
    expected: "over all its connections a client gets every message that was confirmed since its first one",
  },
  {
    about: "flapper-renders-once",
    invariant: "INV-DUP",
    expected: "no connection gets a message twice, and none what the client named as seen",
  },
  {
    about: "flapper-sees-order",
    invariant: "INV-ORDER",
    expected: "the room's sequence rises without a gap over all connections",
  },
] as const;

/** C19: networks come and go; a client comes back after each gap, elsewhere, and says what it has seen last. */
export default defineScenario({
  name: "mobile-flapping",
  summary:
    "clients lose their network again and again and resume on another instance: nothing lost, twice or out of order",
  requirement: ["C19"],
  params,
  explain: {
    ...chatExplain,
    mobiles: "clients whose network flaps, each in a room of its own with one who talks",
    flaps: "how often each of them loses its network",
    onlineMs: "mean time of a connection, ms; drawn for each",
    offlineMs: "mean time without one, ms; drawn for each",
    sendEveryMs: "distance of the talker's messages, ms; the server takes 10 a second",
  },
  bounds: {
    ...chatBounds,
    mobiles: [1, 300],
    flaps: [1, 100],
    onlineMs: [100, 60_000],
    offlineMs: [100, 60_000],
    sendEveryMs: [150, 5_000],
  },
  checks: [...quietChecks, "catch-up", "once-only", "resumed-order"],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), mobile: mobile(given) }),
});

interface Seen {
  readonly seq: number;
  readonly text: string;
}

/** One client over its connections: what each of them brought, in the order in which it came. */
interface Story {
  readonly connections: { readonly after: number; readonly seen: readonly Seen[] }[];
  lastSeq: number;
}

function mobile(given: Mobile): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.mobiles),
    asks,
    async exam(examiner) {
      const { number } = examiner.client;
      const room = `exam-mobile-${number}`;
      const talker = await examiner.connect({ user: `talker-${number}` });
      await talker.subscribe(REPLY_QUEUE);
      const talk = talking(examiner, talker, room, given);
      try {
        const story: Story = { connections: [], lastSeq: 0 };
        // From the first connection on it is owed everything, so the first message comes after it.
        const first = await resume(examiner, room, story, 0);
        talk.begin();
        let peer: Peer | undefined = first;
        for (let flap = 1; flap <= given.flaps; flap++) {
          await examiner.sleep(drawn(examiner, given.onlineMs));
          loseNetwork(peer, flap);
          remember(story, peer);
          await examiner.sleep(drawn(examiner, given.offlineMs));
          peer = await resume(examiner, room, story, flap);
        }
        const said = await talk.end();
        const all = () => said.every((text) => [...texts(story), ...peer.frames.map(textOf)].includes(text));
        await eventually(examiner, all, MARGIN_MS);
        remember(story, peer);
        judge(examiner, story, said);
      } finally {
        await talk.end();
      }
    },
  };
}

function drawn({ client }: Examiner, meanMs: number): number {
  return client.random() * SPREAD * meanMs;
}

/** Talks until it is told to end; what was confirmed, in the order of the SENDs. */
function talking(examiner: Examiner, talker: Peer, room: string, { sendEveryMs }: Mobile) {
  let over = false;
  let talk: Promise<string[]> = Promise.resolve([]);
  const run = async (): Promise<string[]> => {
    const confirmed: string[] = [];
    for (let n = 0; !over; n++) {
      const nextMs = examiner.nowMs() + sendEveryMs;
      const text = `mobile-${examiner.client.number}-${n}`;
      const { how } = await sendAnswered(examiner, talker, `/app/chat.send/${room}`, chat(text));
      if (how === "confirmed") confirmed.push(text);
      await examiner.until(nextMs);
      if (talker.closed !== undefined) break;
    }
    return confirmed;
  };
  return {
    begin: () => {
      talk = run();
    },
    end: () => {
      over = true;
      return talk;
    },
  };
}

/** On the next instance, after what it has seen. A refusal that the flapping did not ask for is tried again. */
async function resume(examiner: Examiner, room: string, story: Story, flap: number): Promise<Peer> {
  const user = `mobile-${examiner.client.number}`;
  const untilMs = examiner.nowMs() + MARGIN_MS;
  for (;;) {
    try {
      const peer = await examiner.connect({ at: (examiner.client.number + flap) % examiner.endpoints, user });
      // A fresh client has seen nothing and is owed nothing that was before it.
      const header = flap === 0 ? {} : { "last-seen-sequence": String(story.lastSeq) };
      await peer.subscribe(`/topic/room.${room}`, header);
      return peer;
    } catch (error) {
      // The sessions of networks that went away count until they are found out (A31).
      if (!(error instanceof NotConnected) || examiner.nowMs() >= untilMs) throw error;
      await examiner.sleep(LOOK_AGAIN_MS);
    }
  }
}

const LOOK_AGAIN_MS = 300;

/** A phone that knows it closes; one in a tunnel does not: its socket stays open on the server's side. */
function loseNetwork(peer: Peer, flap: number): void {
  if (flap % 2 === 0) peer.raw.halfOpen();
  else peer.close(1001);
}

function textOf({ command, body }: Heard): string {
  return command === "MESSAGE" ? (JSON.parse(body) as { content: string }).content : "";
}

function texts({ connections }: Story): string[] {
  return connections.flatMap(({ seen }) => seen.map(({ text }) => text));
}

function remember(story: Story, peer: Peer): void {
  const seen = peer.frames
    .filter(({ command }) => command === "MESSAGE")
    .map((heard) => ({ seq: Number(heard.headers.seq), text: textOf(heard) }));
  story.connections.push({ after: story.lastSeq, seen });
  story.lastSeq = Math.max(story.lastSeq, ...seen.map(({ seq }) => seq));
}

function judge(examiner: Examiner, story: Story, said: readonly string[]): void {
  if (said.length === 0) return;
  const got = new Set(texts(story));
  const missing = said.filter((text) => !got.has(text));
  const { length } = story.connections;
  examiner.observe("flapper-misses-nothing", {
    holds: missing.length === 0,
    seen: `${said.length - missing.length} of ${said.length} over ${length} connections${missing.length > 0 ? `, not ${missing.join(", ")}` : ""}`,
  });
  const again = story.connections.flatMap(({ after, seen }) =>
    seen
      .filter(({ seq }, n) => seq <= after || seen.findIndex((other) => other.seq === seq) !== n)
      .map(({ text }) => text),
  );
  examiner.observe("flapper-renders-once", {
    holds: again.length === 0,
    seen: again.length === 0 ? `${length} connections, nothing twice` : `again: ${again.join(", ")}`,
  });
  const sequence = story.connections.flatMap(({ seen }) => seen.map(({ seq }) => seq));
  const odd = sequence.findIndex((seq, n) => n > 0 && seq !== (sequence[n - 1] as number) + 1);
  examiner.observe("flapper-sees-order", {
    holds: odd < 0,
    seen:
      odd < 0
        ? `${sequence[0]} to ${sequence.at(-1)} without a gap`
        : `after ${sequence[odd - 1]} came ${sequence[odd]}`,
  });
}
