import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "reaches-everyone",
  summary: "a message reaches every entitled recipient on every instance",
  invariant: "INV-COVER",
  requirement: [],
  explain: "Examiners on different instances write to each other and count who got what.",
});
