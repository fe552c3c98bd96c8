import { chatBounds, chatChecks, chatExplain, chatParams, chatTiming, chatters } from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** C3: a hundred users who talk now and then, for as long as one likes: the seed's 300 s are `-p holdMs=300000`. */
export default defineScenario({
  name: "sustained",
  summary: "a hundred users with a message every 10 s each, steadily",
  requirement: ["C3"],
  params: { ...chatParams, clients: 100, rampMs: 5_000, holdMs: 60_000, publishEveryMs: 10_000 },
  explain: chatExplain,
  bounds: chatBounds,
  checks: [...chatChecks, "connects"],
  timing: chatTiming,
  roles: (params) => ({ chatter: chatters(params) }),
});
