import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "refusals",
  summary:
    "handshakes and frames that must be refused are, with the status or code and in the time that is stated",
  invariant: "INV-REJECT",
  requirement: [],
  explain:
    "Origins, sizes, handshakes without a CONNECT, upgrades of a draining server: what came in answer is compared with what is stated.",
});
