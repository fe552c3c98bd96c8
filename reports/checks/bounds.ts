import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "bounds",
  summary: "queues, buffers and pools stay under their caps",
  invariant: "INV-BOUND",
  requirement: [],
  explain: "Examiners bring the server to its caps, and read what it says that it holds.",
});
