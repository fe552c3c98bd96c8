import { readFile } from "node:fs/promises";

/** The package's version, from its package.json: beside the sources in a checkout, one folder up when built. */
export async function version(): Promise<string> {
  for (const place of ["../package.json", "../../package.json"]) {
    try {
      const { name, version } = JSON.parse(await readFile(new URL(place, import.meta.url), "utf8"));
      if (name === "seaworthy") return version;
    } catch {
      // The other place.
    }
  }
  return "unknown";
}
