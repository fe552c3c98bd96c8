import { chatBounds, chatChecks, chatExplain, chatTiming, chatters } from "./model/chat.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** The source's 2 s and 10 s by ten, and with them its 307 s of a session by fifteen. */
const params = {
  ...quietChat,
  holdMs: 18_000,
  thinkBeforeMs: 200,
  publishEveryMs: 1_000,
};

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
  roles: (given) => ({ user: chatters(given, given.thinkBeforeMs) }),
});
