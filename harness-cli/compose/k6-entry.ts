import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { loadCatalog } from "../catalog.ts";
import { entryText } from "../load/entry.ts";
import { plan } from "../plan.ts";

/** What the service k6 of docker-compose.yml plays; the test compares it with what `render` says. */
export const ENTRY = fileURLToPath(new URL("../../compose/k6-entry.ts", import.meta.url));

/** One core, whatever this machine has: the entry is checked in. */
const CORES = 2;

/** The load of scenario `ramp` through the balancer; the token's secret comes from the environment. */
export async function render(): Promise<string> {
  const planned = await plan(
    {
      scenario: "ramp",
      params: [],
      faults: [],
      defects: [],
      checks: [],
      limits: [],
      seed: 2026,
      timeScale: 1,
      engine: "k6",
      target: { kind: "reference", instances: 3 },
      cwd: "/",
    },
    await loadCatalog(),
  );
  const text = entryText(
    {
      plan: planned,
      runDir: path.dirname(ENTRY),
      endpoints: ["ws://balancer:8080/ws"],
      access: { kind: "jwt", secret: "SEAWORTHY_JWT_SECRET replaces this", origin: "http://localhost:8080" },
    },
    "k6",
    CORES,
  );
  return `// Made by \`node harness-cli/compose/k6-entry.ts\`; a test holds that it is fresh.\n${text}`;
}

if (import.meta.main) await writeFile(ENTRY, await render());
