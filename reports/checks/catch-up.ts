import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "catch-up",
  summary: "what was missed while away is delivered on return: replayed, buffered, or said to be gone",
  invariant: "INV-LOSS",
  requirement: [],
  explain:
    "Examiners leave, are written to, come back, and compare what they get with what was confirmed to the senders.",
});
