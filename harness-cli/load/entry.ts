import { writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadEngine, Plan } from "../../reports/record/plan.ts";
import type { LoadAccess, LoadConfig, Shard } from "../../scenarios/model/load-config.ts";

/** Virtual users of k6: cores but one, and with the two cores of a usual CI machine that is one. */
const K6_VUS = 1;
/** A thread costs 10 MB and a place in the queue for a core: fewer clients than this do not fill one. */
const CLIENTS_A_THREAD = 1_000;

export interface EntryOptions {
  readonly plan: Plan;
  readonly runDir: string;
  readonly endpoints: readonly string[];
  readonly hosts?: Readonly<Record<string, string>>;
  readonly access: LoadAccess;
  /** Where a relative path of a user's own scenario starts; absent, that of this process. */
  readonly cwd?: string;
}

/**
 * Writes `k6-entry.ts` or `native-entry.mjs` into the run's folder and returns its path: the plan's load as a script
 * that runs alone with plain k6 or Node. It may hold credentials, so only its owner can read it.
 */
export async function writeEntry(options: EntryOptions, engine: LoadEngine): Promise<string> {
  const file = path.join(options.runDir, entryNames[engine]);
  await writeFile(file, entryText(options, engine), { mode: 0o600 });
  return file;
}

const entryNames = { k6: "k6-entry.ts", native: "native-entry.mjs" } as const;

/** What each VU of an engine plays. Empty where the plan gives that engine nothing to do. */
export function shardsOf(plan: Plan, engine: LoadEngine, cores = os.availableParallelism()): Shard[] {
  const k6 = k6Shards(plan);
  return engine === "k6" ? k6 : nativeShards(plan, k6.length, Math.max(1, cores - 1));
}

/** All its roles together, in as few VUs as possible. */
function k6Shards({ roles }: Plan): Shard[] {
  const names = roles.filter(({ engine }) => engine === "k6").map(({ name }) => name);
  if (names.length === 0) return [];
  return Array.from({ length: K6_VUS }, (_, part) => ({
    vu: part + 1,
    roles: names,
    part,
    parts: K6_VUS,
  }));
}

/** Each role in threads of its own. */
function nativeShards({ roles }: Plan, vusBefore: number, threadsMax: number): Shard[] {
  const shards: Shard[] = [];
  for (const { name, clients } of roles.filter(({ engine }) => engine === "native")) {
    const parts = Math.max(1, Math.min(threadsMax, Math.ceil(clients / CLIENTS_A_THREAD)));
    for (let part = 0; part < parts; part++) {
      shards.push({ vu: vusBefore + shards.length + 1, roles: [name], part, parts });
    }
  }
  return shards;
}

/** The text of the entry; the same plan, addresses and cores give the same bytes. */
export function entryText(
  { plan, runDir, endpoints, hosts, access, cwd = "" }: EntryOptions,
  engine: LoadEngine,
  cores?: number,
): string {
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
    shards: shardsOf(plan, engine, cores),
    vusInAll: shardsOf(plan, "k6", cores).length + shardsOf(plan, "native", cores).length,
  };
  const { command, imported, last } = kinds[engine];
  return `// The load of one run of Seaworthy, ${vouched(plan, engine)}. With the target up it runs alone:
//   ${command}
// SEAWORTHY_ENDPOINTS (comma-separated ws:// addresses) and SEAWORTHY_JWT_SECRET replace what is written below.
import scenario from "${importPath(runDir, scenarioFile)}";
import { ${imported} } from "${importPath(runDir, ours(`${engine}/engine${extension}`))}";

const config = ${JSON.stringify(config, null, 2)};

${last}`;
}

const kinds = {
  k6: {
    command: "k6 run --no-usage-report k6-entry.ts",
    imported: "k6Script",
    last: `const script = k6Script(scenario, config);

export const options = script.options;
export const handleSummary = script.handleSummary;
export default script.run;
`,
  },
  native: {
    command: "node native-entry.mjs",
    imported: "playNative",
    last: "await playNative(scenario, config, import.meta.url);\n",
  },
} as const;

function vouched({ roles }: Plan, engine: LoadEngine): string {
  const others = roles.filter((role) => role.engine !== engine).map(({ name }) => name);
  return others.length === 0 ? "complete" : `without ${others.join(", ")}, which another engine plays`;
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
