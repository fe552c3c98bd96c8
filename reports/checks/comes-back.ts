import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "comes-back",
  summary: "after a fault all is served again within the stated time, and stays so",
  invariant: "INV-RECOVER",
  requirement: [],
  explain: "Examiners try what a user would, until it works again.",
});
