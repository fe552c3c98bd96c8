import type { Command } from "commander";
import { type Catalog, loadCatalog } from "../catalog.ts";
import { type ErrorCode, errorTable, SeaworthyError } from "../errors.ts";
import type { Action } from "../main.ts";
import { hintFor } from "../names.ts";
import type { World } from "../world.ts";

/** What `explain` says of one entry, in the order in which it is shown. */
interface Page {
  readonly name: string;
  readonly kind: string;
  readonly summary: string;
  readonly requirement: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
  /** Parameter: default and meaning. */
  readonly params: Readonly<Record<string, string>>;
}

export function explain(program: Command, world: World, done: Action): void {
  program
    .command("explain")
    .description("one scenario, fault, check, defect, feature or error in full")
    .argument("<name>")
    .option("--json", "as JSON")
    .action(async (name: string, options: { json?: boolean }) => {
      const pages = pagesOf(await loadCatalog());
      const found = pages.filter((page) => page.name === name);
      if (found.length === 0) {
        throw new SeaworthyError(
          "SW_UNKNOWN_NAME",
          `nothing is called "${name}"`,
          hintFor(
            name,
            pages.map((page) => page.name),
          ),
        );
      }
      world.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : found.map(show).join("\n"));
      done(0);
    });
}

function pagesOf(catalog: Catalog): Page[] {
  const { scenarios, faults, checks, defects, features } = catalog;
  return [
    ...[...scenarios.values()].map((scenario) => {
      const { warmUpMs, publishUntilMs, endMs } = scenario.timing(scenario.params, scenario.timeScale);
      const own = scenario.faults?.(scenario.params) ?? [];
      return {
        kind: "scenario",
        ...entry(scenario),
        facts: {
          "judged by": scenario.checks.join(", "),
          lasts: `${endMs / 1_000} s: warm-up until ${warmUpMs / 1_000} s, publishing until ${publishUntilMs / 1_000} s`,
          ...(own.length > 0 ? { faults: own.join(" ") } : {}),
        },
        params: explained(scenario),
      };
    }),
    ...[...faults.values()].map((fault) => ({
      kind: "fault",
      ...entry(fault),
      facts: {
        on: `a ${fault.on}`,
        "drops connections": fault.drops
          ? `yes; close codes ${fault.closes.join(", ")} are then expected`
          : "no",
      },
      params: explained(fault),
    })),
    ...[...checks.values()].map((check) => ({
      kind: "check",
      ...entry(check),
      facts: {
        limits: Object.entries(check.limits)
          .map(([phase, limit]) => `${phase} ${limit} ${check.unit}`)
          .join(", "),
        about: check.explain,
      },
      params: {},
    })),
    ...[...defects.values()].map((defect) => ({
      kind: `defect of the ${defect.where}`,
      ...entry(defect),
      facts: {
        "caught by": `check ${defect.caughtBy.check} in scenario ${defect.caughtBy.scenario}`,
        ...(defect.caughtBy.faults ? { faults: defect.caughtBy.faults.join(" ") } : {}),
        "in production": defect.inProduction,
        remedy: defect.remedy,
        signs: defect.signs.map(({ fact, weight }) => `${fact} ${weight > 0 ? "+" : ""}${weight}`).join(", "),
        try: `npx seaworthy prove ${defect.name}`,
      },
      params: {},
    })),
    ...[...features.values()].map((feature) => ({
      kind: "feature",
      name: feature.name,
      summary: feature.summary,
      requirement: [],
      facts: {
        "tells of": [...defects.values()]
          .filter(({ signs }) => signs.some(({ fact }) => fact === `feature:${feature.name}`))
          .map(({ name }) => name)
          .join(", "),
      },
      params: {},
    })),
    ...(Object.keys(errorTable) as ErrorCode[]).map((code) => ({
      kind: "error",
      name: code,
      summary: errorTable[code].about,
      requirement: [],
      facts: { exit: String(errorTable[code].exit) },
      params: {},
    })),
  ];
}

function entry({
  name,
  summary,
  requirement,
}: {
  name: string;
  summary: string;
  requirement: readonly string[];
}) {
  return { name, summary, requirement };
}

function explained(of: {
  params: Readonly<Record<string, unknown>>;
  explain: Readonly<Record<string, string>>;
  bounds?: Readonly<Partial<Record<string, readonly [number, number] | readonly string[]>>>;
}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(of.params).map(([key, value]) => {
      const bounds = of.bounds?.[key];
      const range = bounds
        ? ` (${typeof value === "number" ? bounds.join(" to ") : bounds.join(" | ")})`
        : "";
      return [`${key}=${value}`, `${of.explain[key]}${range}`];
    }),
  );
}

function show(page: Page): string {
  const lines = [`${page.name}: ${page.kind}`, `  ${page.summary}`];
  if (page.requirement.length > 0) lines.push(`  requirements: ${page.requirement.join(" ")}`);
  for (const [key, value] of Object.entries(page.facts)) lines.push(`  ${key}: ${value}`);
  if (Object.keys(page.params).length > 0) {
    const width = Math.max(...Object.keys(page.params).map((key) => key.length));
    lines.push("  parameters:");
    for (const [key, value] of Object.entries(page.params)) lines.push(`    ${key.padEnd(width)}  ${value}`);
  }
  return `${lines.join("\n")}\n`;
}
