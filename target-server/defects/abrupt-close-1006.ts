import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "abrupt-close-1006",
  summary: "a planned stop cuts every client without a notice or a close frame",
  requirement: ["B22"],
  caughtBy: { scenario: "ramp", faults: ["terminate@12s..18s:server-any"], check: "close-codes" },
  apply: (healthy) => ({ ...healthy, stop: async ({ cutAll }) => cutAll() }),
};

export default defect;
