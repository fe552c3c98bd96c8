import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "resumed-order",
  summary: "what comes after a return is in order, and a gap is said",
  invariant: "INV-ORDER",
  requirement: [],
  explain: "Examiners compare the room's sequence before and after they were away.",
});
