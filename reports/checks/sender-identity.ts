import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "sender-identity",
  summary: "sender and time of a message are the server's own, never the client's claim",
  invariant: "INV-IDENTITY",
  requirement: [],
  explain: "An examiner claims to be somebody else and reads what is delivered.",
});
