import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "fairness",
  summary: "clients that behave are served as before beside some that do not",
  invariant: "INV-FAIR",
  requirement: [],
  explain: "Examiners misbehave and others beside them are compared with before.",
});
