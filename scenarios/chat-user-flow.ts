import type { BackoffName } from "./model/backoff.ts";
import { chatBounds, chatChecks, chatExplain, chatTiming } from "./model/chat.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { inRoom, roomOf } from "./model/room.ts";
import { defineScenario, type Role } from "./model/scenario.ts";
import type { Session } from "./model/session.ts";

/** The source's 2 s and 10 s by ten, and with them its 307 s of a session by fifteen. */
const params = {
  ...quietChat,
  holdMs: 18_000,
  thinkBeforeMs: 200,
  publishEveryMs: 1_000,
};
type Flow = typeof params;

/** C6: what a user does in the source's script: comes, thinks, and writes now and then. */
export default defineScenario({
  name: "chat-user-flow",
  summary: "users come, think a moment, and write now and then in a room: the flow of a chat's own script",
  requirement: ["C6"],
  params,
  explain: {
    ...chatExplain,
    thinkBeforeMs: "between the SUBSCRIBE and a user's first message; 2,000 in the source",
    publishEveryMs:
      "between a user's messages, 10,000 in the source; an open schedule, so that a slow answer does not thin the load",
  },
  bounds: { ...chatBounds, thinkBeforeMs: [0, 60_000] },
  checks: chatChecks,
  timing: chatTiming,
  roles: (given) => ({ user: user(given) }),
});

function user(given: Flow): Role {
  return {
    load: { kind: "ramp", clients: given.clients, overMs: given.rampMs },
    reconnect: given.reconnect as BackoffName,
    session: (stomp) => flow(stomp, given),
  };
}

async function flow(stomp: Session, given: Flow): Promise<void> {
  const room = roomOf(stomp.client.number, given.roomSize);
  await stomp.connect();
  await stomp.subscribe(inRoom(given.subscribeDestination, room));
  await stomp.wait(given.thinkBeforeMs);
  await stomp.publish({
    destination: inRoom(given.sendDestination, room),
    everyMs: given.publishEveryMs,
    bytes: given.bodyBytes,
    receipt: true,
  });
  await stomp.stay();
  await stomp.disconnect();
}
