import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "stored",
  summary: "what any client saw is in the store, with the same id, room, sender and body",
  invariant: "INV-DURABLE",
  requirement: [],
  explain: "Examiners read over REST what they heard live.",
});
