import { Argument, type Command } from "commander";
import { loadCatalog } from "../catalog.ts";
import { errorTable } from "../errors.ts";
import { faultRows } from "../fault-rows.ts";
import { targetNames } from "../fault-spec.ts";
import type { Action } from "../main.ts";
import { evidence } from "../requirements/evidence.ts";
import { requirements } from "../requirements/requirements.ts";
import { showRequirements, totalsOf } from "../requirements/show.ts";
import { healthyBalancer } from "../target/balancer/description.ts";
import type { World } from "../world.ts";

interface Row {
  readonly name: string;
  readonly summary: string;
  readonly requirement: readonly string[];
}

const KINDS = ["scenarios", "faults", "checks", "defects", "features", "targets", "errors"] as const;
type Kind = (typeof KINDS)[number];
/** Hundreds of rows, so only when they are asked for by name. */
const REQUIREMENTS = "requirements";

export function list(program: Command, world: World, done: Action): void {
  program
    .command("list")
    .description(
      "what there is: scenarios, faults, checks, defects, features that tell them apart, targets of faults, errors; and of what was asked for, row by row",
    )
    .addArgument(new Argument("[kind]", "only these").choices([...KINDS, REQUIREMENTS]))
    .option("--json", "as JSON")
    .action(async (kind: Kind | typeof REQUIREMENTS | undefined, options: { json?: boolean }) => {
      if (kind === REQUIREMENTS) {
        const rows = requirements(await loadCatalog(), await evidence());
        const told = { format: 1, totals: totalsOf(rows), requirements: rows };
        world.stdout.write(options.json ? `${JSON.stringify(told, null, 2)}\n` : showRequirements(rows));
        return done(0);
      }
      const all = await rows();
      const chosen =
        kind === "faults"
          ? { faults: all.faults, requirements: requirementsOfFaults(all.faults) }
          : kind
            ? { [kind]: all[kind] }
            : all;
      world.stdout.write(options.json ? `${JSON.stringify(chosen, null, 2)}\n` : table(chosen));
      done(0);
    });
}

async function rows(): Promise<Record<Kind, readonly Row[]>> {
  const catalog = await loadCatalog();
  const row = ({ name, summary, requirement }: Row): Row => ({ name, summary, requirement });
  const balancer = healthyBalancer("nginx", "round-robin");
  const targets = targetNames({ kind: "reference", instances: 3, defects: [], balancer, runAs: "processes" });
  return {
    scenarios: [...catalog.scenarios.values()].map(row),
    faults: [...catalog.faults.values()].map((fault) => ({
      ...row(fault),
      summary: `on a ${fault.on}: ${fault.summary}`,
    })),
    checks: [...catalog.checks.values()].map(row),
    defects: [...catalog.defects.values()].map((defect) => ({
      ...row(defect),
      summary: `${defect.summary} (caught by ${defect.caughtBy.check} in ${defect.caughtBy.scenario})`,
    })),
    features: [...catalog.features.values()].map(({ name, summary }) => ({
      name,
      summary,
      requirement: [],
    })),
    targets: Object.entries(targets).flatMap(([on, names]) =>
      names.map((name) => ({
        name,
        summary: `a ${on}${name.includes("balancer") ? ", with --balancer" : ""}`,
        requirement: [],
      })),
    ),
    errors: Object.entries(errorTable).map(([name, { exit, about }]) => ({
      name,
      summary: `exit ${exit}: ${about}`,
      requirement: [],
    })),
  };
}

/** Every row of section E: the faults that build it, where it lives, or why it is not built. */
function requirementsOfFaults(faults: readonly Row[]) {
  return faultRows.map(({ id, says, lives, why }) => {
    const by = faults.filter((fault) => fault.requirement.includes(id)).map(({ name }) => name);
    const state = by.length > 0 ? "built" : lives ? "elsewhere" : "not built";
    const where = [by.join(", "), lives, why && (by.length > 0 ? why : `not built: ${why}`)].filter(Boolean);
    return {
      name: id,
      summary: `${says}: ${where.join("; ")}`,
      requirement: [],
      ...{ state, says, faults: by },
      ...(lives ? { lives } : {}),
      ...(why ? { why } : {}),
    };
  });
}

function table(chosen: Readonly<Record<string, readonly Row[]>>): string {
  return Object.entries(chosen)
    .map(([kind, entries]) => {
      const width = Math.max(...entries.map(({ name }) => name.length));
      const lines = entries.map(
        ({ name, summary, requirement }) =>
          `  ${name.padEnd(width)}  ${summary}${requirement.length > 0 ? `  [${requirement.join(" ")}]` : ""}`,
      );
      return `${kind}\n${lines.join("\n")}\n`;
    })
    .join("\n");
}
