import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { isTaken, push } from "./model/push.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { heard, hears } from "./model/talk.ts";

const params = { ...quietChat, events: 5 };
type Pushing = typeof params;

const QUEUE = "/queue/events";
const MINE = `/user${QUEUE}`;

const asks = [
  {
    about: "event-from-any-instance",
    invariant: "INV-COVER",
    expected: "an event pushed to any instance reaches the user, wherever it is connected",
  },
  {
    about: "retried-event-rendered-once",
    invariant: "INV-DUP",
    expected: "an event pushed again under its idempotency key comes under one id",
  },
  {
    about: "retried-event-stored-once",
    invariant: "INV-DUP",
    expected: "an event pushed again under its idempotency key is in the user's journal once",
  },
  {
    about: "retried-event-buffered-once",
    invariant: "INV-DUP",
    expected: "so too when the user is away and comes later",
  },
] as const;

/** C29: another system pushes events to users, through any instance, and repeats what it is not sure of. */
export default defineScenario({
  name: "external-event-push",
  summary:
    "events of other systems reach their user from any instance, once, however often they are repeated",
  requirement: ["C29"],
  params,
  explain: { ...chatExplain, events: "events that are pushed, each of them twice" },
  bounds: { ...chatBounds, events: [1, 50] },
  checks: [...quietChecks, "reaches-everyone", "once-only"],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Pushing): ExamRole {
  return {
    load: examinersAfter(given.rampMs, 1),
    asks,
    async exam(examiner) {
      await whileConnected(examiner, given.events);
      await whileAway(examiner, given.events);
    },
  };
}

async function whileConnected(examiner: Examiner, events: number): Promise<void> {
  const user = `${examiner.client.user}-here`;
  const peer = await examiner.connect({ at: 0, user });
  await peer.subscribe(MINE);
  const contents: string[] = [];
  for (let n = 0; n < events; n++) {
    const content = `event-${n}`;
    const at = n % examiner.endpoints;
    if (!(await pushTwice(examiner, { user, content, at }))) continue;
    const came = await hears(peer, MINE, content, 5_000);
    examiner.observe("event-from-any-instance", {
      holds: came,
      seen: `${content}, taken by instance ${at + 1} for a user on ${peer.server}: ${came ? "came" : "did not come within 5 s"}`,
      server: peer.server,
    });
    if (came) contents.push(content);
  }
  if (await lastCame(examiner, peer, user))
    observeOnce(examiner, "retried-event-rendered-once", peer, contents);
  await storedOnce(examiner, user, contents);
  await peer.leave();
}

async function whileAway(examiner: Examiner, events: number): Promise<void> {
  const user = `${examiner.client.user}-away`;
  const contents: string[] = [];
  for (let n = 0; n < events; n++) {
    const content = `waiting-${n}`;
    if (await pushTwice(examiner, { user, content, at: n % examiner.endpoints })) contents.push(content);
  }
  const peer = await examiner.connect({ at: 0, user });
  await peer.subscribe(MINE);
  if (await lastCame(examiner, peer, user)) {
    const came = contents.filter((content) => heard(peer, MINE).some((one) => one.content === content));
    if (came.length > 0) observeOnce(examiner, "retried-event-buffered-once", peer, came);
  }
  await peer.leave();
}

/** The second time to the next instance, as a retry behind a balancer goes. False where it was not taken. */
async function pushTwice(
  examiner: Examiner,
  { user, content, at }: { user: string; content: string; at: number },
): Promise<boolean> {
  const event = { user, queue: QUEUE, content, idempotencyKey: `${user}-${content}` };
  const first = await push(examiner, { ...event, at });
  const second = await push(examiner, { ...event, at: (at + 1) % examiner.endpoints });
  return isTaken(first) && isTaken(second);
}

/** An event for each instance: what an instance was given before its own has gone before it. */
async function lastCame(examiner: Examiner, peer: Peer, user: string): Promise<boolean> {
  for (let at = 0; at < examiner.endpoints; at++) {
    await push(examiner, { user, queue: QUEUE, content: `last-${at}`, at });
    if (!(await hears(peer, MINE, `last-${at}`, 5_000))) return false;
  }
  return true;
}

/** By ids: what comes twice under one id is shown once. */
function observeOnce(
  examiner: Examiner,
  about: "retried-event-rendered-once" | "retried-event-buffered-once",
  peer: Peer,
  contents: readonly string[],
): void {
  const got = heard(peer, MINE);
  for (const content of contents) {
    const ids = new Set(got.filter((one) => one.content === content).map(({ id }) => id));
    examiner.observe(about, {
      holds: ids.size === 1,
      seen: `${content} came under ${ids.size} ids: ${[...ids].join(", ")}`,
      server: peer.server,
    });
  }
}

async function storedOnce(examiner: Examiner, user: string, contents: readonly string[]): Promise<void> {
  const { status, body } = await examiner.http({
    path: "/api/notifications?since=0&limit=500",
    headers: { authorization: `Bearer ${examiner.token({ sub: user })}` },
  });
  if (status !== 200) throw new Error(`the journal answered ${status}`);
  const { notifications } = JSON.parse(body) as {
    notifications: readonly { payload: { content?: string } }[];
  };
  for (const content of contents) {
    const rows = notifications.filter(({ payload }) => payload.content === content).length;
    examiner.observe("retried-event-stored-once", { holds: rows === 1, seen: `${content} has ${rows} rows` });
  }
}
