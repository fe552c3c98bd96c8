import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { lookUntil } from "./model/exam-parts.ts";
import type { Examiner } from "./model/examiner.ts";
import { isTaken, push } from "./model/push.ts";
import { quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";
import { samples } from "./model/series.ts";
import { count, heard, hears, hearsAll, missingOf } from "./model/talk.ts";

const params = { ...quietChat, items: 3, heartbeatMs: 2_000 };
type Draining = typeof params;

const QUEUE = "/queue/waiting";
const MINE = `/user${QUEUE}`;
/** Twice the two beats after which nobody is waited for any more, and as much again for a busy machine. */
const ZOMBIE_BEATS = 4;
/** What a client took it has shown after a tick of a second and a ping. */
const SHOWN_MS = 2_500;
const BUFFERED_WITHIN_MS = 5_000;

const asks = [
  {
    about: "buffered-comes",
    invariant: "INV-LOSS",
    expected: "what was pushed while the user was away comes when it subscribes",
  },
  {
    about: "buffered-in-order",
    invariant: "INV-ORDER",
    expected: "in the order in which it was pushed, before what is live",
  },
  {
    about: "buffered-under-one-id",
    invariant: "INV-DUP",
    expected: "each under one id, also when the user comes back once more",
  },
  {
    about: "buffer-is-emptied",
    invariant: "INV-BOUND",
    expected: "what was delivered does not stay in the buffer",
  },
  {
    about: "sent-to-half-open-comes-later",
    invariant: "INV-LOSS",
    expected: "what was sent into a half-open connection comes to the user's next one",
  },
] as const;

/** C24: users are away, or seem to be there and are not; what is pushed meanwhile waits for them. */
export default defineScenario({
  name: "offline-buffer-drain",
  summary:
    "what is pushed to users who are away, or half-open, comes when they are back: all of it, in order, once",
  requirement: ["C24"],
  params,
  explain: {
    ...chatExplain,
    items: "messages that are pushed while the user is away",
    heartbeatMs:
      "the reference server's heart-beat; two of them are how long it waits for a half-open client to show what it took",
  },
  bounds: { ...chatBounds, items: [2, 50], heartbeatMs: [500, 60_000] },
  checks: [...quietChecks, "catch-up", "resumed-order", "once-only", "bounds"],
  reference: ({ heartbeatMs }) => ({ HEARTBEAT_MS: String(heartbeatMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given), witness: witness(given) }),
});

const atMs = ({ rampMs }: Draining) => chatWarmUpMs(rampMs) + 500;

function examiner(given: Draining): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: atMs(given) },
    asks: asks.slice(0, 4),
    exam: (examiner) => away(examiner, given),
  };
}

function witness(given: Draining): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: atMs(given) },
    asks: asks.slice(4),
    exam: (examiner) => halfOpen(examiner, given),
  };
}

async function away(examiner: Examiner, { items }: Draining): Promise<void> {
  const { user } = examiner.client;
  const contents: string[] = [];
  const before = await itemsThat(examiner, ["buffered"]);
  for (let n = 0; n < items; n++) {
    const pushed = await push(examiner, {
      user,
      queue: QUEUE,
      content: `waits-${n}`,
      at: n % examiner.endpoints,
    });
    if (isTaken(pushed)) contents.push(`waits-${n}`);
  }
  if (contents.length < 2) throw new Error("hardly anything was taken");
  if (!(await areBuffered(examiner, before + contents.length))) {
    throw new Error("what was pushed did not come into the buffer");
  }
  const first = await examiner.connect({ at: 1 % examiner.endpoints, user });
  await first.subscribe(MINE);
  await push(examiner, { user, queue: QUEUE, content: "live", at: 0 });
  if (!(await hears(first, MINE, "live"))) throw new Error("what is pushed live does not come");
  const got = heard(first, MINE);
  const { server } = first;
  const holds = missingOf(contents, got).length === 0;
  examiner.observe("buffered-comes", { holds, seen: count(contents, got), server });
  const order = got.map(({ content }) => content);
  if (holds) {
    examiner.observe("buffered-in-order", {
      holds: [...contents, "live"].join() === [...new Set(order)].join(),
      seen: order.join(", "),
      server,
    });
  }
  // What it did not show to have taken may come again, and then fills the buffer rightly.
  await examiner.sleep(SHOWN_MS);
  const givenBack = ["requeued", "untaken"];
  const backBefore = await itemsThat(examiner, givenBack);
  await first.leave();
  const { length: had } = contents;
  await push(examiner, { user, queue: QUEUE, content: "next", at: 0 });
  const isBuffered = await areBuffered(examiner, before + had + 1);
  const { body } = await examiner.http({ at: 0, path: "/metrics" });
  const [length] = samples(body, "offline_buffer_length");
  if (isBuffered && length !== undefined && (await itemsThat(examiner, givenBack)) === backBefore) {
    examiner.observe("buffer-is-emptied", {
      holds: length.value <= 1,
      seen: `${length.value} items in the buffer after ${had} were delivered and one more was pushed`,
    });
  }
  const second = await examiner.connect({ at: 2 % examiner.endpoints, user });
  await second.subscribe(MINE);
  await push(examiner, { user, queue: QUEUE, content: "last", at: 0 });
  if (await hears(second, MINE, "last")) {
    const all = [...got, ...heard(second, MINE)];
    for (const content of contents) {
      const ids = new Set(all.filter((one) => one.content === content).map(({ id }) => id));
      if (ids.size === 0) continue;
      const seen = `${content} came under ${ids.size} ids: ${[...ids].join(", ")}`;
      examiner.observe("buffered-under-one-id", { holds: ids.size === 1, seen, server: second.server });
    }
  }
  await second.leave();
}

/** An event is taken when it is stored; into the buffer it goes a moment later. */
async function areBuffered(examiner: Examiner, least: number): Promise<boolean> {
  const areThere = (items: number) => items >= least;
  const buffered = () => itemsThat(examiner, ["buffered"]);
  return areThere(await lookUntil(examiner, buffered, areThere, BUFFERED_WITHIN_MS));
}

/** Of how many items of buffers one of these became, over all instances. */
async function itemsThat(examiner: Examiner, became: readonly string[]): Promise<number> {
  let sum = 0;
  for (let at = 0; at < examiner.endpoints; at++) {
    const { body } = await examiner.http({ at, path: "/metrics" });
    for (const { labels, value } of samples(body, "offline_buffer_items_total")) {
      if (became.some((what) => labels.includes(`what="${what}"`))) sum += value;
    }
  }
  return sum;
}

/** The socket stays open and nobody is there: the server cannot know it yet. */
async function halfOpen(examiner: Examiner, { items, heartbeatMs }: Draining): Promise<void> {
  const { user } = examiner.client;
  const zombie = await examiner.connect({ at: 0, user, beat: [heartbeatMs, heartbeatMs] });
  await zombie.subscribe(MINE);
  zombie.raw.halfOpen();
  const silentFromMs = examiner.nowMs();
  const contents: string[] = [];
  for (let n = 0; n < items; n++) {
    const content = `gone-${n}`;
    const pushed = await push(examiner, { user, queue: QUEUE, content, at: 1 % examiner.endpoints });
    // Nobody may call it dead before one and a half intervals (A54): until here it counted as connected.
    const believed = examiner.nowMs() - silentFromMs < heartbeatMs;
    if (isTaken(pushed) && believed) contents.push(content);
  }
  if (contents.length === 0) throw new Error("nothing was sent into the half-open connection in time");
  const next = await examiner.connect({ at: 2 % examiner.endpoints, user });
  await next.subscribe(MINE);
  await hearsAll(next, MINE, contents, heartbeatMs * ZOMBIE_BEATS);
  const got = heard(next, MINE);
  examiner.observe("sent-to-half-open-comes-later", {
    holds: missingOf(contents, got).length === 0,
    seen: `${count(contents, got)} of what was sent to ${zombie.server} after its client had gone silent`,
    server: next.server,
  });
  await examiner.sleep(SHOWN_MS);
  await next.leave();
}
