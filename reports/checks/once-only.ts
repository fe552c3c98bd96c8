import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "once-only",
  summary: "what is sent or pushed once is rendered once, also when it is repeated after a lost answer",
  invariant: "INV-DUP",
  requirement: [],
  explain: "Examiners repeat what they sent with the same id, and count what arrives under different ids.",
});
