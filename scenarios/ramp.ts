import { chatBounds, chatChecks, chatExplain, chatParams, chatTiming, chatters } from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** C2: users arrive evenly, join rooms that span all instances, and chat until the end. */
export default defineScenario({
  name: "ramp",
  summary: "users arrive evenly over a few seconds, then chat in rooms at a steady rate",
  requirement: ["C2"],
  params: chatParams,
  explain: chatExplain,
  bounds: chatBounds,
  checks: chatChecks,
  timing: chatTiming,
  roles: (params) => ({ chatter: chatters(params) }),
});
