import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "reaping",
  summary: "clients that vanished without a word leave the server's tables within the budget",
  invariant: "INV-REAP",
  requirement: [],
  explain:
    "An examiner falls silent on an open socket and watches from elsewhere until the server has let it go: 1.5 to 2 intervals of its beat.",
});
