import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "leaks",
  summary:
    "what was opened is closed: sessions, subscriptions, files and connections to the stores return to where they were",
  invariant: "INV-LEAK",
  requirement: [],
  explain: "Examiners read the server's gauges before and after they used it.",
});
