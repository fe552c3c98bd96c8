import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "private-stays-private",
  summary: "nobody hears what is meant for another user, room, segment or instance",
  invariant: "INV-ISOLATE",
  requirement: [],
  explain: "Examiners listen where something is said to others.",
});
