import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Plan } from "../../reports/record/plan.ts";
import type { LoadConfig } from "../../scenarios/model/load-config.ts";
import type { Access } from "../target/target.ts";

/** Virtual users of k6: cores but one, and with the two cores of a usual CI machine that is one. */
export const VUS = 1;

export interface EntryOptions {
  readonly plan: Plan;
  readonly runDir: string;
  readonly endpoints: readonly string[];
  readonly hosts?: Readonly<Record<string, string>>;
  readonly access: Access;
  /** Where a relative path of a user's own scenario starts; absent, that of this process. */
  readonly cwd?: string;
}

/**
 * Writes `k6-entry.ts` into the run's folder and returns its path: the plan's load as a script that runs alone with
 * plain k6. It may hold credentials, so only its owner can read it.
 */
export async function writeEntry(options: EntryOptions): Promise<string> {
  const file = path.join(options.runDir, "k6-entry.ts");
  await writeFile(file, entryText(options), { mode: 0o600 });
  return file;
}

/** The text of the entry; the same plan and addresses give the same bytes. */
export function entryText({ plan, runDir, endpoints, hosts, access, cwd = "" }: EntryOptions): string {
  const { name, params } = plan.scenario;
  const scenarioFile = name.includes("/") ? path.resolve(cwd, name) : ours(`${name}${extension}`);
  const config: LoadConfig = {
    scenario: name,
    seed: plan.seed,
    nonce: plan.nonce,
    timeScale: plan.timeScale,
    params,
    timing: plan.timing,
    endpoints,
    ...(hosts ? { hosts } : {}),
    access,
    reference: plan.target.kind === "reference",
    vus: VUS,
  };
  return `// The load of one run of Seaworthy, complete. With the target up it runs alone:
//   k6 run --no-usage-report k6-entry.ts
// SEAWORTHY_ENDPOINTS (comma-separated ws:// addresses) and SEAWORTHY_JWT_SECRET replace what is written below.
import scenario from "${importPath(runDir, scenarioFile)}";
import { k6Script } from "${importPath(runDir, ours(`k6/engine${extension}`))}";

const script = k6Script(scenario, ${JSON.stringify(config, null, 2)});

export const options = script.options;
export const handleSummary = script.handleSummary;
export default script.run;
`;
}

/** TypeScript in a checkout, JavaScript in the published package: k6 wants the ending spelled out. */
const extension = path.extname(fileURLToPath(import.meta.url));

function ours(file: string): string {
  return fileURLToPath(new URL(`../../scenarios/${file}`, import.meta.url));
}

/** Relative to the run, so that a run can be moved together with its project. */
function importPath(runDir: string, file: string): string {
  const relative = path.relative(runDir, file).split(path.sep).join("/");
  return relative.startsWith(".") ? relative : `./${relative}`;
}
