import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "authority",
  summary: "nothing is accepted of someone whose token ran out, or who was banned, beyond the stated grace",
  invariant: "INV-AUTH",
  requirement: [],
  explain:
    "An examiner goes on sending after its right to has ended, and watches whether any SEND is confirmed or any message comes.",
});
