import { tellBalancer } from "../../record/balancer.ts";
import type { Plan } from "../../record/plan.ts";
import type { RunRecord } from "../../record/run-record.ts";
import { plain } from "../plain.ts";

/** Everything needed to do it again (G30). */
export interface Reproduction {
  readonly commands: readonly { readonly command: string; readonly what: string }[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** As the run found them, by name. */
  readonly versions: readonly (readonly [name: string, version: string])[];
}

export interface Place {
  /** The run's folder as the reader would type it; the record itself does not know its own name. */
  readonly dir?: string;
}

export const UNNAMED_DIR = "runs/<id>";

/** What each engine played, by itself. */
function loadAlone({ roles }: Plan, dir: string): Reproduction["commands"] {
  const k6 = { command: `k6 run ${dir}/k6-entry.ts`, what: "only the load, with plain k6" };
  const native = { command: `node ${dir}/native-entry.mjs`, what: "only the load, with plain Node" };
  const engines = new Set(roles.map(({ engine }) => engine));
  return [...(engines.has("k6") ? [k6] : []), ...(engines.has("native") ? [native] : [])];
}

export function reproductionOf(record: RunRecord, place: Place): Reproduction {
  const { plan } = record;
  const dir = place.dir ?? UNNAMED_DIR;
  const versions = record.history.find((event) => event.kind === "run" && event.versions !== undefined);
  return {
    commands: [
      {
        command: `npx seaworthy run --plan ${dir}/plan.json`,
        what: "the whole run again: same ids, payloads, arrival times, victims and fault times",
      },
      ...loadAlone(plan, dir),
      { command: `npx seaworthy judge ${dir}`, what: "only the judgement, from the record" },
    ],
    facts: [
      ["started", record.startEpochMs === undefined ? "never" : new Date(record.startEpochMs).toISOString()],
      ["scenario", plan.scenario.name],
      ...Object.entries(plan.scenario.params).map(([key, value]): [string, string] => [
        key,
        plain(`${value}`),
      ]),
      ["seed", `${plan.seed}`],
      ["nonce", plan.nonce],
      ["time scale", `${plan.timeScale}`],
      ["engine", plan.engine],
      ["target", tellTarget(plan.target)],
      ...plan.clientDefects.map((name): [string, string] => ["client defect", plain(name)]),
    ],
    versions:
      versions?.kind === "run"
        ? Object.entries(versions.versions ?? {})
            .map(([name, version]): [string, string] => [plain(name), plain(version)])
            .sort(([a], [b]) => (a < b ? -1 : 1))
        : [],
  };
}

/** `reference system, 3 instances as processes, defect in-memory-broker-in-cluster` */
export function tellTarget(target: Plan["target"]): string {
  if (target.kind === "external")
    return `external: ${target.urls.map((url) => plain(withoutSecrets(url))).join(", ")}`;
  const defects =
    target.defects.length === 0
      ? ""
      : `, defect${target.defects.length > 1 ? "s" : ""} ${target.defects.join(", ")}`;
  const balancer = target.balancer ? ` behind ${tellBalancer(target.balancer)}` : "";
  return `reference system, ${target.instances} instance${target.instances === 1 ? "" : "s"} as ${target.runAs}${balancer}${defects}`;
}

/** A report gets passed around: passwords and query strings of addresses (tokens) stay out of it. */
function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//").replace(/[?#].*$/, "?…");
}
