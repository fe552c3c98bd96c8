import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "resumed-order",
  summary: "what one client sends, and what comes after a return, is in order; a gap is said",
  invariant: "INV-ORDER",
  requirement: [],
  explain: "Examiners send in bursts, or compare the room's sequence before and after they were away.",
});
