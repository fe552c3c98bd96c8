import { readdirSync } from "node:fs";

/** Settings of one system that the sources describe; whatever the environment sets goes before it. */
export interface Preset {
  readonly name: string;
  readonly summary: string;
  /** Row of section H of the requirements that its numbers are from. */
  readonly requirement: `H${number}`;
  readonly env: Readonly<Record<string, string>>;
}

const folder = new URL("./presets/", import.meta.url);
const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** The folder is the registry: every file in it is a preset of the same name. */
export const presets: ReadonlyMap<string, Preset> = new Map(
  await Promise.all(
    readdirSync(folder)
      .filter((file) => file.endsWith(ending) && !file.endsWith(`.test${ending}`) && !file.includes(".d."))
      .sort()
      .map(async (file): Promise<[string, Preset]> => {
        const module: { default: Preset } = await import(new URL(file, folder).href);
        return [module.default.name, module.default];
      }),
  ),
);
