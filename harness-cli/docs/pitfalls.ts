import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { AnyDefect, Catalog } from "../catalog.ts";
import { loadCatalog } from "../catalog.ts";

/** Where the pages belong; the test compares them with what `pages` says. */
export const FOLDER = path.resolve(import.meta.dirname, "../../docs/pitfalls");

const INDEX = "README.md";
const HOMES: Readonly<Record<string, string>> = {
  server: "target-server/defects",
  client: "scenarios/defects",
  balancer: "harness-cli/target/balancer/defects",
};

/** A page for each defect of the catalog, and the index: text by file name. */
export function pages(catalog: Catalog): ReadonlyMap<string, string> {
  const defects = [...catalog.defects.values()].sort((a, b) => order(a) - order(b));
  return new Map([
    [INDEX, index(defects)],
    ...defects.map((defect): [string, string] => [`${defect.name}.md`, page(defect, catalog)]),
  ]);
}

/** By their row in section B. */
function order({ requirement }: AnyDefect): number {
  return Number(requirement[0]?.slice(1) ?? Number.MAX_SAFE_INTEGER);
}

function index(defects: readonly AnyDefect[]): string {
  return [
    "# Pitfalls",
    "",
    "Known production mistakes of WebSocket systems. Each is a switch of the reference system, and each is proven to be",
    "seen: `npx seaworthy prove <name>` switches it on, and its check must turn red.",
    "",
    MADE,
    "",
    "| Row | Mistake | What goes wrong | Seen by |",
    "|---|---|---|---|",
    ...defects.map(
      ({ name, summary, requirement, caughtBy }) =>
        `| ${requirement.join(", ")} | [${name}](${name}.md) | ${cell(summary)} | ${caughtBy.check} |`,
    ),
    "",
  ].join("\n");
}

const MADE =
  "Made from the defects themselves by `node harness-cli/docs/pitfalls.ts`; a test holds that it is fresh.";

function page(defect: AnyDefect, catalog: Catalog): string {
  const { name, summary, requirement, inProduction, remedy, caughtBy, signs, where } = defect;
  const check = catalog.checks.get(caughtBy.check);
  const scenario = catalog.scenarios.get(caughtBy.scenario);
  const supports = signs.filter(({ weight }) => weight > 0);
  const contradicts = signs.filter(({ weight }) => weight < 0);
  return [
    `# ${name}`,
    "",
    `${sentence(summary)} (${requirement.join(", ")})`,
    "",
    "## How it looks in production",
    "",
    inProduction,
    "",
    "## How Seaworthy sees it",
    "",
    `The check \`${caughtBy.check}\` turns red: ${check?.summary ?? "of your own"}. It is put to the scenario \`${caughtBy.scenario}\`: ${scenario?.summary ?? "of your own"}.`,
    "",
    "What the diagnosis goes by, the strongest first:",
    "",
    ...supports.toSorted((a, b) => b.weight - a.weight).map(({ fact }) => `- ${tell(fact, catalog)}`),
    ...(contradicts.length > 0
      ? [
          "",
          "What would speak for something else:",
          "",
          ...contradicts
            .toSorted((a, b) => a.weight - b.weight)
            .map(({ fact }) => `- ${tell(fact, catalog)}`),
        ]
      : []),
    "",
    "## How to mend it",
    "",
    remedy,
    "",
    "## The run that shows it",
    "",
    "```sh",
    runCommand(defect),
    `npx seaworthy prove ${name}`,
    "```",
    "",
    `As a switch: [\`${HOMES[where]}/${name}.ts\`](../../${HOMES[where]}/${name}.ts).`,
    "",
  ].join("\n");
}

function runCommand({ name, caughtBy }: AnyDefect): string {
  const { scenario, params = {}, faults = [], timeScale } = caughtBy;
  return [
    `npx seaworthy run ${scenario}`,
    ...Object.entries(params).map(([key, value]) => `-p ${key}=${value}`),
    ...faults.map((fault) => `--fault ${fault}`),
    ...(timeScale === undefined ? [] : [`--time-scale ${timeScale}`]),
    `--defect ${name}`,
  ].join(" ");
}

/** A fact (`reports/known-mistake.ts`) in words. */
function tell(fact: string, catalog: Catalog): string {
  if (fact.startsWith("not ")) {
    const rest = fact.slice(4);
    return rest.startsWith("about:")
      ? `every answer about ${rest.slice(6)} is as expected`
      : `\`${rest}\` holds everywhere`;
  }
  const [, kind, name = ""] = /^(about|feature|fault):(.*)$/.exec(fact) ?? [];
  if (kind === "about") return `an answer about ${name} is not as expected`;
  if (kind === "fault") return `the fault \`${name}\` was in force`;
  if (kind === "feature") return catalog.features.get(name)?.summary ?? name;
  const [check, phase] = fact.split("@");
  return phase === undefined ? `\`${check}\` is breached` : `\`${check}\` is breached ${PHASES[phase]}`;
}

const PHASES: Readonly<Record<string, string>> = {
  baseline: "without any fault",
  fault: "during a fault",
  recovery: "in the recovery from one",
  final: "at the end, when all should be well again",
};

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.main) {
  const wanted = pages(await loadCatalog());
  await mkdir(FOLDER, { recursive: true });
  for (const file of await readdir(FOLDER)) if (!wanted.has(file)) await rm(path.join(FOLDER, file));
  for (const [file, text] of wanted) await writeFile(path.join(FOLDER, file), text);
}
