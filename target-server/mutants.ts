import { readdirSync } from "node:fs";
import type { Defect } from "./defect.ts";
import type { Policies } from "./policies.ts";

const folder = new URL("./defects/", import.meta.url);

/** The folder is the registry: every file in it is a defect of the same name. */
export function availableDefects(): string[] {
  return readdirSync(folder)
    .filter((file) => /^[a-z0-9-]+\.(ts|js)$/.test(file))
    .map((file) => file.replace(/\.(ts|js)$/, ""))
    .sort();
}

export async function loadDefect(name: string): Promise<Defect> {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const module: { default: Defect } = await import(new URL(`${name}.${ending}`, folder).href);
  return module.default;
}

/** The healthy policies with these defects applied, one after the other. */
export async function withDefects(healthy: Policies, names: readonly string[]): Promise<Policies> {
  let policies = healthy;
  for (const name of names) policies = (await loadDefect(name)).apply(policies);
  return policies;
}
