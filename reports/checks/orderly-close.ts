import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "orderly-close",
  summary:
    "connections end when and how they should: with a notice, the stated code, at the stated time, and not before",
  invariant: "INV-CLOSE",
  requirement: [],
  explain: "Examiners that do nothing wrong watch when and how their connections end.",
});
