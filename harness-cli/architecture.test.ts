import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";

/**
 * The house rules, held by a test: who may import whom (type-only and dynamic imports count, in both quote styles),
 * no drawers for everything, names that match files.
 */
const root = path.resolve(import.meta.dirname, "..");
const rooms = ["target-server", "scenarios", "chaos", "reports", "harness-cli"];

interface Rule {
  /** Files that the rule is about; the first rule that matches a file decides. */
  readonly files: RegExp;
  /** Folders and packages that they may import. */
  readonly may: readonly RegExp[];
}

const NODE = /^node:/;
/** docs/architecture.md has this table for people. */
const rules: readonly Rule[] = [
  { files: /^target-server\/stomp\//, may: [/^target-server\/stomp\//] },
  { files: /^target-server\//, may: [/^target-server\//, NODE, /^(ws|ioredis|pg|jose|prom-client)(\/|$)/] },
  { files: /^scenarios\/k6\//, may: [/^scenarios\//, /^target-server\/stomp\//, /^k6(\/|$)/] },
  { files: /^scenarios\/native\//, may: [/^scenarios\//, /^target-server\/stomp\//, NODE, /^ws$/] },
  { files: /^scenarios\//, may: [/^scenarios\/model\//, /^target-server\/stomp\//] },
  { files: /^chaos\//, may: [/^chaos\//, NODE, /^toxiproxy-node-client$/] },
  {
    files: /^reports\/record\//,
    may: [/^reports\/record\//, /^chaos\/timeline\.ts$/, /^scenarios\/model\//, NODE],
  },
  { files: /^reports\//, may: [/^reports\//, /^chaos\/timeline\.ts$/, /^scenarios\/model\//] },
  { files: /^harness-cli\//, may: [/./] },
];

const sources = rooms
  .flatMap((room) => filesBelow(path.join(root, room)))
  .filter((file) => file.endsWith(".ts"));
const product = sources.filter(
  (file) => !/\.(test|e2e)\.ts$/.test(file) && !/test-support|test-world|\/(fixtures|e2e)\//.test(file),
);

describe("imports go one way", () => {
  for (const file of product) {
    test(file, () => {
      const rule = rules.find(({ files }) => files.test(file));
      const forbidden = importsOf(file).filter(
        (target) => !rule?.may.some((allowed) => allowed.test(target)),
      );
      expect(forbidden).toEqual([]);
    });
  }

  test("nobody imports the composition, and nobody a file outside the five rooms", () => {
    const outsiders = product
      .filter((file) => !file.startsWith("harness-cli/"))
      .flatMap((file) => importsOf(file).map((target) => `${file} -> ${target}`))
      .filter((arrow) => /-> (harness-cli|bin|docs|\.\.)/.test(arrow));
    expect(outsiders).toEqual([]);
  });

  test("the pure part of reports does not reach node: through record", () => {
    const pure = product.filter((file) => file.startsWith("reports/") && !file.startsWith("reports/record/"));
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const target of importsOf(file, "values")) if (sources.includes(target)) visit(target);
    };
    for (const file of pure) visit(file);
    const impure = [...reached].filter((file) =>
      importsOf(file, "values").some((target) => NODE.test(target)),
    );
    expect(impure).toEqual([]);
  });

  test("k6 code reaches nothing that k6 cannot run", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const target of importsOf(file, "values")) if (sources.includes(target)) visit(target);
    };
    for (const file of product) if (file.startsWith("scenarios/k6/")) visit(file);
    const foreign = [...reached].flatMap((file) =>
      importsOf(file, "values").filter((target) => !sources.includes(target) && !target.startsWith("k6")),
    );
    expect(foreign).toEqual([]);
  });
});

describe("the house", () => {
  test("has no drawer for everything, and no barrel", () => {
    const drawers = sources.filter((file) => /\/(core|common|utils?|helpers?|misc|lib)(\/|\.ts$)/.test(file));
    const barrels = product.filter(
      (file) => /\/index\.ts$/.test(file) || /^export \* from/m.test(read(file)),
    );
    expect([...drawers, ...barrels]).toEqual([]);
  });

  test("needs nothing but type stripping", () => {
    const compiled = product.filter((file) =>
      /^\s*(export )?(const )?(enum|namespace) \w+/m.test(read(file)),
    );
    expect(compiled).toEqual([]);
  });

  test("holds no compiled file: the catalog would take it for a source", () => {
    const compiled = rooms
      .flatMap((room) => filesBelow(path.join(root, room)))
      .filter((file) => /\.(js|d\.ts|map)$/.test(file));
    expect(compiled).toEqual([]);
  });

  test("leaves nothing for later in the code", () => {
    // Spelt in two halves, so that this file does not accuse itself.
    const word = new RegExp(`\\b(FIX${"ME"}|TO${"DO"})\\b`);
    expect(sources.filter((file) => word.test(read(file)))).toEqual([]);
  });

  test("touches the process in few places", () => {
    /** world.ts is the outside; the others own processes or are one. */
    const allowed = [
      "harness-cli/world.ts",
      "harness-cli/main.ts",
      "harness-cli/probe/main.ts",
      "harness-cli/target/child.ts",
      "harness-cli/target/watchdog-pipe.ts",
      "harness-cli/target/watchdog.ts",
      "harness-cli/bench/programs/bare-receiver.ts",
      "harness-cli/bench/programs/bare-server.ts",
      "harness-cli/bench/programs/flood-server.ts",
      "harness-cli/bench/programs/judge-record.ts",
    ];
    const touching = product.filter(
      (file) =>
        file.startsWith("harness-cli/") &&
        !file.startsWith("harness-cli/provision/") &&
        /\bprocess\.(argv|env|exit|stdout|stderr|stdin|on|cwd|kill)\b/.test(code(file)),
    );
    expect(touching.filter((file) => !allowed.includes(file))).toEqual([]);
  });
});

describe("the catalog", async () => {
  const catalog = await loadCatalog();
  const parametrised = [...catalog.scenarios.values(), ...catalog.faults.values()];

  test.each(parametrised.map((entry) => [entry.name, entry] as const))(
    "%s explains every parameter",
    (_, entry) => {
      expect(Object.keys(entry.explain).sort()).toEqual(Object.keys(entry.params).sort());
      for (const key of Object.keys(entry.bounds ?? {})) expect(Object.keys(entry.params)).toContain(key);
    },
  );

  test.each([...catalog.scenarios.values()].map((entry) => [entry.name, entry] as const))(
    "%s names checks that exist",
    (_, scenario) => {
      expect(scenario.checks.filter((check) => !catalog.checks.has(check))).toEqual([]);
    },
  );

  test.each([...catalog.defects.values()].map((entry) => [entry.name, entry] as const))(
    "defect %s names the scenario, the faults and the check that catch it",
    (_, { caughtBy, requirement }) => {
      expect(requirement.length).toBeGreaterThan(0);
      const scenario = catalog.scenarios.get(caughtBy.scenario);
      expect(scenario?.checks).toContain(caughtBy.check);
      for (const fault of caughtBy.faults ?? [])
        expect([...catalog.faults.keys()]).toContain(fault.split("@")[0]);
    },
  );
});

/** What a file imports: paths from the root for our own files, bare names for packages. */
function importsOf(file: string, kind: "all" | "values" = "all"): string[] {
  const text = kind === "values" ? code(file).replace(/^\s*(import|export) type [^;]*;/gm, "") : code(file);
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"']+)\1/g;
  return [...text.matchAll(pattern)].map((match) => {
    const target = match[2] as string;
    return target.startsWith(".")
      ? path.relative(root, path.resolve(root, path.dirname(file), target))
      : target;
  });
}

/** Without comments, so that a sentence about an import is not one. */
function code(file: string): string {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");
}

function read(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const full = path.join(folder, name);
    return statSync(full).isDirectory() ? filesBelow(full) : [path.relative(root, full)];
  });
}
