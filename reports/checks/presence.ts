import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "presence",
  summary: "who is said to be there is who is there, within the time to live and one sweep",
  invariant: "INV-PRESENCE",
  requirement: [],
  explain: "Examiners come, go and vanish, and others ask who is there.",
});
