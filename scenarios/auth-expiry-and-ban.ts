import { type AnsweredSend, chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { beside } from "./model/exam-parts.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, examiners: 1, tokenLifeMs: 5_000, tokenGraceMs: 2_000, banWithinMs: 2_000 };
type Authority = typeof params;

/** The server looks at its sessions' tokens at least once a second, and the machine may be busy. */
const MARGIN_MS = 3_000;
/** A room's message reaches its reader within this, also on a busy machine. */
const ARRIVES_WITHIN_MS = 5_000;
/** Two sockets of one instance, written in the same turn, are read one after the other. */
const SOCKETS_DIFFER_MS = 1_000;
const REFRESHED = "/user/queue/token.refresh";

const asks = [
  {
    about: "expired-sender-refused",
    invariant: "INV-AUTH",
    expected: "no SEND is accepted after the token's end and the grace",
  },
  {
    about: "expired-listener-closed",
    invariant: "INV-AUTH",
    expected: "a session that only listens is closed with 1008 after its token's end and the grace",
  },
  {
    about: "refreshed-session-goes-on",
    invariant: "INV-AUTH",
    expected: "a session that refreshed its token sends and hears on after the old one's end",
  },
  {
    about: "banned-sender-refused",
    invariant: "INV-AUTH",
    expected: "no SEND of a banned user is accepted on the instance that was told of the ban",
  },
  {
    about: "ban-reaches-other-instance",
    invariant: "INV-AUTH",
    expected: "no SEND of a banned user is accepted on another instance than the one that was told",
  },
  {
    about: "banned-listener-hears-nothing",
    invariant: "INV-AUTH",
    expected: "no message reaches a banned user",
  },
  {
    about: "banned-user-stays-out",
    invariant: "INV-AUTH",
    expected: "a banned user cannot connect again",
  },
] as const;
type Slug = (typeof asks)[number]["about"];

/** C37: tokens run out and a user is banned while their sessions are open. */
export default defineScenario({
  name: "auth-expiry-and-ban",
  summary:
    "tokens run out and a user is banned while connected: neither sends nor hears on; who refreshes does",
  requirement: ["C37"],
  params,
  explain: {
    ...chatExplain,
    examiners: "clients with tokens that run out, and users who are banned",
    tokenLifeMs: "life of those tokens, ms",
    tokenGraceMs: "in which the server ends the sessions of tokens that ran out, ms",
    banWithinMs: "after which a ban is in force on every instance, ms",
  },
  bounds: {
    ...chatBounds,
    holdMs: [14_000, 3_600_000],
    examiners: [1, 10],
    // A token's end is a whole second.
    tokenLifeMs: [3_000, 60_000],
    tokenGraceMs: [500, 30_000],
    banWithinMs: [1_000, 30_000],
  },
  checks: [...quietChecks, "authority"],
  reference: ({ tokenGraceMs }) => ({ TOKEN_GRACE_MS: String(tokenGraceMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Authority): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    exam: (examiner) => beside(expiry(examiner, given), ban(examiner, given)),
  };
}

/** B143, B144, B151: one who goes on sending, one who only listens, one who refreshes. */
async function expiry(examiner: Examiner, { tokenLifeMs, tokenGraceMs }: Authority): Promise<void> {
  const { number } = examiner.client;
  const room = `exam-expiry-${number}`;
  const enter = async (user: string) => {
    const token = examiner.token({ sub: user, expiresInMs: tokenLifeMs });
    const issuedMs = examiner.nowMs();
    const peer = await examiner.connect({ user, token });
    for (const topic of [REPLY_QUEUE, REFRESHED, `/topic/room.${room}`]) await peer.subscribe(topic);
    return { peer, overMs: issuedMs + tokenLifeMs + tokenGraceMs * examiner.timeScale + MARGIN_MS };
  };
  const [sender, listener, refresher] = await Promise.all(
    ["sender", "listener", "refresher"].map((who) => enter(`expiring-${who}-${number}`)),
  );
  if (!sender || !listener || !refresher) return;
  const say = ({ peer }: { peer: Peer }, what: string) =>
    sendAnswered(examiner, peer, `/app/chat.send/${room}`, chat(what));
  const before = await Promise.all([
    say(sender, "while it is good"),
    sendAnswered(examiner, refresher.peer, "/app/token.refresh", ""),
  ]);
  if (before.some(({ how }) => how !== "confirmed")) return;

  await examiner.until(Math.max(sender.overMs, listener.overMs, refresher.overMs));
  refused(examiner, "expired-sender-refused", await say(sender, "after its end"), sender.peer);
  const { closed } = listener.peer;
  examiner.observe("expired-listener-closed", {
    holds: closed?.code === 1008,
    seen: closed ? `close ${closed.code}: ${closed.reason}` : "still open",
    server: listener.peer.server,
  });
  const { how, reason } = await say(refresher, "with a new token");
  examiner.observe("refreshed-session-goes-on", {
    holds: how === "confirmed",
    seen: `${how} ${reason}`.trim(),
    server: refresher.peer.server,
  });
}

/** B143, B144, B221: tabs on the instance that is told of the ban and on another one, and one that only listens. */
async function ban(examiner: Examiner, { banWithinMs }: Authority): Promise<void> {
  const { internalAuthorization } = examiner;
  if (internalAuthorization === undefined) return;
  const { number } = examiner.client;
  const [user, room] = [`banned-${number}`, `exam-ban-${number}`];
  const elsewhere = examiner.endpoints - 1;
  const here = await examiner.connect({ at: 0, user });
  const there = await examiner.connect({ at: elsewhere, user });
  const listener = await examiner.connect({ at: elsewhere, user });
  // On the listener's instance: what this one has been sent, the listener has been sent too.
  const friend = await examiner.connect({ at: elsewhere, user: `friend-of-${user}` });
  for (const peer of [here, there, friend]) await peer.subscribe(REPLY_QUEUE);
  for (const peer of [listener, friend]) await peer.subscribe(`/topic/room.${room}`);
  const say = (peer: Peer, what: string) =>
    sendAnswered(examiner, peer, `/app/chat.send/${room}`, chat(what));
  const before = await Promise.all([say(here, "here, before"), say(there, "there, before")]);
  if (before.some(({ how }) => how !== "confirmed")) return;

  const answer = await examiner.http({
    at: 0,
    method: "POST",
    path: "/internal/ban",
    headers: { authorization: internalAuthorization, "content-type": "application/json" },
    body: JSON.stringify({ userId: user }),
  });
  if (answer.status !== 200) return;
  await examiner.sleep(banWithinMs + MARGIN_MS);
  const [saidHere, saidThere] = await Promise.all([say(here, "here, banned"), say(there, "there, banned")]);
  refused(examiner, "banned-sender-refused", saidHere, here);
  if (elsewhere !== 0) refused(examiner, "ban-reaches-other-instance", saidThere, there);

  const word = `after the ban of ${user}`;
  const { how } = await say(friend, word);
  const hears = async (peer: Peer, withinMs: number) =>
    (await peer.next(({ command, body }) => command === "MESSAGE" && body.includes(word), withinMs)) !==
    undefined;
  if (how === "confirmed" && (await hears(friend, ARRIVES_WITHIN_MS))) {
    const heard = await hears(listener, SOCKETS_DIFFER_MS);
    const { closed } = listener;
    examiner.observe("banned-listener-hears-nothing", {
      holds: !heard,
      seen: `${heard ? "got a message" : "got nothing"}, ${closed ? `close ${closed.code}` : "still open"}`,
      server: listener.server,
    });
  }
  const again = await examiner.connect({ at: elsewhere, user }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  examiner.observe("banned-user-stays-out", { holds: again !== undefined, seen: again ?? "CONNECTED" });
}

function refused(examiner: Examiner, about: Slug, { how, reason }: AnsweredSend, { server }: Peer): void {
  examiner.observe(about, { holds: how !== "confirmed", seen: `${how} ${reason}`.trim(), server });
}
