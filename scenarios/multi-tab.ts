import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { eventually } from "./model/exam-parts.ts";
import { type Examiner, isReceipt, type Peer } from "./model/examiner.ts";
import { isTold, presenceTopic, timesTold, usersIn } from "./model/presence-view.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, holdMs: 12_000, examiners: 2, tabs: 3 };
type Tabs = typeof params;

const PRIVATE = "/user/queue/direct-messages";
/** Each step is a few round trips; a machine that is busy takes a second for it. */
const STEP_MS = 5_000;

const asks = [
  {
    about: "every-tab-gets-private-message",
    invariant: "INV-COVER",
    expected: "a private message reaches each tab of its recipient, on whichever instance",
  },
  {
    about: "private-message-once-per-tab",
    invariant: "INV-DUP",
    expected: "no tab gets it twice",
  },
  {
    about: "user-stays-while-tabs-remain",
    invariant: "INV-PRESENCE",
    expected: "a user who closes a tab and has another one stays listed, and nobody is told of a leave",
  },
  {
    about: "user-leaves-with-last-tab",
    invariant: "INV-PRESENCE",
    expected: "with the last tab the user is gone, and the room is told",
  },
] as const;

/** C20: one user, several tabs on different instances, closed one by one. */
export default defineScenario({
  name: "multi-tab",
  summary:
    "a user with tabs on several instances: each gets what is private once, the user goes with the last tab",
  requirement: ["C20"],
  params,
  explain: {
    ...chatExplain,
    examiners: "users who have several tabs",
    tabs: "tabs of each of them, dealt out over the instances",
  },
  bounds: { ...chatBounds, examiners: [1, 50], tabs: [2, 5] },
  checks: [...quietChecks, "presence", "reaches-everyone", "once-only"],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), tabber: tabber(given) }),
});

function tabber(given: Tabs): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      const { number } = examiner.client;
      const user = `tabs-${number}`;
      const tabs: Peer[] = [];
      for (let n = 0; n < given.tabs; n++) {
        tabs.push(await examiner.connect({ at: (number + n) % examiner.endpoints, user }));
      }
      await privateMessage(examiner, user, tabs);
      await closing(examiner, user, tabs);
    },
  };
}

async function privateMessage(examiner: Examiner, user: string, tabs: readonly Peer[]): Promise<void> {
  for (const tab of tabs) await tab.subscribe(PRIVATE);
  const friend = await examiner.connect({ user: `friend-of-${user}` });
  const say = (content: string) =>
    friend.ask("SEND", { destination: "/app/dm.send" }, JSON.stringify({ recipientId: user, content }));
  const contents = ["first", "second", "last"];
  for (const content of contents) {
    const answer = await say(content);
    if (!isReceipt(answer)) return;
  }
  const times = (tab: Peer, content: string) =>
    tab.frames.filter(({ command, body }) => command === "MESSAGE" && contentOf(body) === content).length;
  // What is once more comes soon after: they are counted when the last one is there.
  await Promise.all(
    tabs.map((tab) =>
      tab.next(({ command, body }) => command === "MESSAGE" && contentOf(body) === "last", STEP_MS),
    ),
  );
  if (tabs.some((tab) => tab.closed !== undefined)) return;
  const counted = tabs.map((tab) => ({
    server: tab.server,
    times: contents.map((content) => times(tab, content)),
  }));
  const seen = counted.map(({ server, times }) => `tab on ${server}: ${times.join("/")}`).join(", ");
  const all = counted.flatMap(({ times }) => times);
  examiner.observe("every-tab-gets-private-message", { holds: all.every((count) => count > 0), seen });
  examiner.observe("private-message-once-per-tab", { holds: all.every((count) => count <= 1), seen });
  await friend.leave();
}

function contentOf(body: string): unknown {
  return (JSON.parse(body) as { content?: unknown }).content;
}

/**
 * A tab is closed, then a stranger leaves the same room from the same instance: what an instance tells of its leaves
 * goes in their order, so when the stranger's is told, the tab's would have been.
 */
async function closing(examiner: Examiner, user: string, tabs: readonly Peer[]): Promise<void> {
  const { number } = examiner.client;
  const room = `exam-tabs-${number}`;
  const watching = await examiner.connect({ at: 0, user: `watcher-of-${user}` });
  await watching.subscribe(presenceTopic(room));
  for (const tab of tabs) await tab.subscribe(`/topic/room.${room}`);
  if (!(await isTold(watching, room, "joined", user, STEP_MS))) return;

  for (const [n, tab] of tabs.entries()) {
    const isLast = n === tabs.length - 1;
    const stranger = `stranger-${number}-${n}`;
    const passing = await examiner.connect({ at: (number + n) % examiner.endpoints, user: stranger });
    await passing.subscribe(`/topic/room.${room}`);
    if (!(await isTold(watching, room, "joined", stranger, STEP_MS))) return;
    await tab.leave();
    await passing.leave();
    const marked = await isTold(watching, room, "left", stranger, STEP_MS);
    if (!marked || watching.closed !== undefined) return;
    const listed = async () => (await usersIn(examiner, room, 0)).includes(user);
    const left = tabs.length - 1 - n;
    if (isLast) {
      const told = await isTold(watching, room, "left", user, STEP_MS);
      const gone = await eventually(examiner, async () => !(await listed()), STEP_MS);
      examiner.observe("user-leaves-with-last-tab", {
        holds: gone && told,
        seen: `${gone ? "gone" : "still listed"}, ${told ? "told" : "told to nobody"}`,
      });
    } else {
      const [there, told] = [await listed(), timesTold(watching, room, "left", user)];
      examiner.observe("user-stays-while-tabs-remain", {
        holds: there && told === 0,
        seen: `${left} tabs left: ${there ? "listed" : "not listed"}, told ${told} times to have left`,
        server: tab.server,
      });
    }
  }
}
