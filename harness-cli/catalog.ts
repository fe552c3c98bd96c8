import { readdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Fault } from "../chaos/fault.ts";
import type { Check } from "../reports/check.ts";
import type { Feature } from "../reports/feature.ts";
import type { ClientDefect } from "../scenarios/model/client-defect.ts";
import type { Scenario } from "../scenarios/model/scenario.ts";
import type { Defect as ServerDefect } from "../target-server/defect.ts";
import { type EntryKind, wrongInEntry } from "./entry-shape.ts";
import { SeaworthyError } from "./errors.ts";
import { hintFor } from "./names.ts";
import type { BalancerDefect } from "./target/balancer/defect.ts";

/** The folders are the registry: one file, one entry, its default export carries the file's name. */
const folders = {
  scenario: "../scenarios/",
  fault: "../chaos/faults/",
  check: "../reports/checks/",
  feature: "../reports/features/",
  serverDefect: "../target-server/defects/",
  clientDefect: "../scenarios/defects/",
  balancerDefect: "./target/balancer/defects/",
} as const;

/**
 * A defect wherever it lives: `server` ones are policies of the reference server, `client` ones of the load, `balancer`
 * ones of what stands between.
 */
export type AnyDefect =
  | ({ readonly where: "server" } & ServerDefect)
  | ({ readonly where: "client" } & ClientDefect)
  | ({ readonly where: "balancer" } & BalancerDefect);

export interface Catalog {
  readonly scenarios: ReadonlyMap<string, Scenario>;
  readonly faults: ReadonlyMap<string, Fault>;
  readonly checks: ReadonlyMap<string, Check>;
  readonly defects: ReadonlyMap<string, AnyDefect>;
  /** Patterns in a record that tell one mistake from its look-alikes. */
  readonly features: ReadonlyMap<string, Feature>;
}

export async function loadCatalog(): Promise<Catalog> {
  const [scenarios, faults, checks, features, serverDefects, clientDefects, balancerDefects] =
    await Promise.all([
      entries<Scenario>(folders.scenario),
      entries<Fault>(folders.fault),
      entries<Check>(folders.check),
      entries<Feature>(folders.feature),
      entries<ServerDefect>(folders.serverDefect),
      entries<ClientDefect>(folders.clientDefect),
      entries<BalancerDefect>(folders.balancerDefect),
    ]);
  const defects = [
    ...serverDefects.map((defect) => ({ where: "server" as const, ...defect })),
    ...clientDefects.map((defect) => ({ where: "client" as const, ...defect })),
    ...balancerDefects.map((defect) => ({ where: "balancer" as const, ...defect })),
  ];
  return {
    scenarios: byName(scenarios),
    faults: byName(faults),
    checks: byName(checks),
    defects: byName(defects),
    features: byName(features),
  };
}

/**
 * One entry by its name, or by a path to a user's own file when the name contains `/`.
 * Throws SW_UNKNOWN_NAME with the nearest name, or with what is wrong with the file.
 */
export async function find<T extends { readonly name: string }>(
  kind: EntryKind,
  name: string,
  known: ReadonlyMap<string, T>,
  cwd: string,
): Promise<T> {
  const entry = known.get(name);
  if (entry) return entry;
  if (!name.includes("/")) {
    throw new SeaworthyError(
      "SW_UNKNOWN_NAME",
      `unknown ${kind} "${name}"`,
      hintFor(name, [...known.keys()]),
    );
  }
  const file = path.resolve(cwd, name);
  const hint = `the file must default-export a ${kind}; copy one of ${[...known.keys()].join(", ")} to begin with`;
  let own: unknown;
  try {
    own = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    throw new SeaworthyError(
      "SW_UNKNOWN_NAME",
      `cannot load ${kind} ${name}: ${(error as Error).message}`,
      hint,
    );
  }
  const wrong = wrongInEntry(kind, own);
  if (wrong !== undefined)
    throw new SeaworthyError("SW_UNKNOWN_NAME", `${name} is no ${kind}: ${wrong}`, hint);
  return own as T;
}

async function entries<T extends { readonly name: string }>(folder: string): Promise<T[]> {
  const url = new URL(folder, import.meta.url);
  const files = (await readdir(url)).filter(isEntry).sort();
  return Promise.all(
    files.map(async (file) => {
      const entry = ((await import(new URL(file, url).href)) as { default?: T }).default;
      const name = file.replace(/\.(ts|js)$/, "");
      if (entry?.name !== name)
        throw new Error(`${folder}${file} must default-export an entry named ${name}`);
      return entry;
    }),
  );
}

/** Source in a checkout, JavaScript in the published package; never tests or typings. */
function isEntry(file: string): boolean {
  return /^[a-z0-9-]+\.(ts|js)$/.test(file);
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((entry) => [entry.name, entry]));
}
