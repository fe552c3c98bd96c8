import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "own-metrics",
  summary: "the server's counters and gauges agree with what its clients did",
  invariant: "INV-METRIC",
  requirement: [],
  explain: "Examiners do a counted number of things and read the server's metrics beside it.",
});
