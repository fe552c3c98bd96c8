import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "rate-limits",
  summary: "what one user may do is never exceeded, counted over tabs and instances",
  invariant: "INV-LIMIT",
  requirement: [],
  explain:
    "Examiners send and connect faster than they may, over several connections and instances, and count what is accepted in every sliding window.",
});
