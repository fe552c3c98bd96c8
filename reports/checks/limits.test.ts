import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Check } from "../check.ts";

const folder = new URL("./", import.meta.url);

/** A limit is a promise to whoever runs a check: to change one is a decision, seen in this file's golden copy. */
test("the limits are those that were decided (vitest -u writes them down anew)", async () => {
  const files = (await readdir(folder)).filter((file) => /^[a-z0-9-]+\.ts$/.test(file)).sort();
  const lines = await Promise.all(
    files.map(async (file) => {
      const check = ((await import(new URL(file, folder).href)) as { default: Check }).default;
      const limits = Object.entries(check.limits).map(([kind, limit]) => `${kind} ${limit}`);
      return `${check.name}: ${limits.join(", ")} ${check.unit}\n`;
    }),
  );
  await expect(lines.join("")).toMatchFileSnapshot("../fixtures/limits.txt");
});
