import { examCheck } from "../exam-check.ts";

export default examCheck({
  name: "health-endpoints",
  summary: "readiness agrees with the ability to serve, and liveness does not flip when a dependency is away",
  invariant: "INV-HEALTH",
  requirement: [],
  explain: "Examiners ask the health endpoints beside what the clients feel.",
});
