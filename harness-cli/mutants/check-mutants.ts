import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { createVitest } from "vitest/node";
import { realWorld } from "../world.ts";
import { compilerFor } from "./compiler.ts";
import { isKnown, KNOWN_EQUIVALENTS, staleIn } from "./known-equivalents.ts";
import { type Mutant, mutantsOf } from "./mutate.ts";

/**
 * Weakens every check (and what checks are made of), one change at a time, and runs the unit tests that must notice;
 * what none of them does the compiler may (a clause that only narrows a type cannot be dropped).
 * Says which mutants survived; exit 1 when there are any that are not known to change nothing (known-equivalents.ts),
 * or when one of those is noticed or no longer made.
 *
 *     node harness-cli/mutants/check-mutants.ts [part of a file's name …]
 *
 * No source is touched: a changed one exists only in the test runner's memory and in the compiler's own copy.
 */
const root = path.resolve(import.meta.dirname, "../..");

/** What checks are made of, and whose tests must notice when it is weaker. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  "reports/exam-check.ts": ["reports/exam-check.test.ts"],
  "reports/pairs.ts": ["reports/pairs.test.ts", "reports/checks/no-lost-message.test.ts"],
  "reports/entitlement.ts": ["reports/entitlement.test.ts", "reports/checks/no-lost-message.test.ts"],
  "reports/phantoms.ts": ["reports/checks/no-phantom.test.ts"],
  "reports/gaps.ts": ["reports/gaps.test.ts", "reports/checks/no-gap.test.ts"],
  "reports/oddities.ts": ["reports/oddities.test.ts", "reports/checks/no-duplicate.test.ts"],
  "reports/odd-verdict.ts": ["reports/checks/no-duplicate.test.ts", "reports/checks/room-order.test.ts"],
  "reports/close-cause.ts": ["reports/checks/close-codes.test.ts", "reports/checks/evicted.test.ts"],
  "reports/unheard.ts": ["reports/unheard.test.ts"],
  "reports/record/intervals.ts": ["reports/record/intervals.test.ts"],
  "reports/record/ledger-builder.ts": [
    "reports/record/ledger-builder.test.ts",
    "reports/record/assemble.test.ts",
  ],
  "reports/record/assemble.ts": ["reports/record/assemble.test.ts"],
  "reports/record/plan.ts": ["reports/checks/evicted.test.ts", "reports/checks/close-codes.test.ts"],
  "scenarios/model/histogram.ts": ["scenarios/model/histogram.test.ts"],
  "reports/windows.ts": ["reports/windows.test.ts"],
  "reports/measure.ts": ["reports/measure.test.ts"],
  "reports/probe.ts": ["reports/probe.test.ts"],
  "reports/presence.ts": ["reports/presence.test.ts", "reports/checks/recovery-time.test.ts"],
  "reports/whereabouts.ts": ["reports/whereabouts.test.ts"],
  "reports/fitness.ts": ["reports/fitness.test.ts", "reports/checks/generator-valid.test.ts"],
  "reports/generator-limits.ts": ["reports/fitness.test.ts", "reports/checks/generator-valid.test.ts"],
  "reports/judge.ts": ["reports/judge.test.ts"],
  "reports/verdict.ts": ["reports/verdict.test.ts", "reports/judge.test.ts"],
};
/** Beside the test of the check's own name. */
const MORE_TESTS: Readonly<Record<string, readonly string[]>> = {
  "delivery-p99.ts": ["reports/probe.test.ts"],
};
/** Notice a changed limit, and a check that passes on nothing. */
const ALL = ["reports/checks/all.test.ts", "reports/checks/limits.test.ts"];

interface Target {
  readonly file: string;
  readonly tests: readonly string[];
}

async function targets(filters: readonly string[]): Promise<Target[]> {
  const folder = path.join(root, "reports/checks");
  const files = (await readdir(folder)).sort();
  const checks = files
    .filter((file) => /^[a-z0-9-]+\.ts$/.test(file))
    .map((file): Target => {
      const own = files.includes(file.replace(".ts", ".test.ts"))
        ? [`reports/checks/${file.replace(".ts", ".test.ts")}`]
        : [];
      return { file: `reports/checks/${file}`, tests: [...own, ...(MORE_TESTS[file] ?? [])] };
    });
  const parts = Object.entries(PARTS).map(([file, tests]): Target => ({ file, tests }));
  return [...parts, ...checks].filter(
    ({ file }) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  );
}

const world = realWorld();
await using compiler = await compilerFor(root);
let weakened: { readonly file: string; readonly text: string } | undefined;
const vitest = await createVitest(
  {
    config: false,
    root,
    watch: false,
    include: ["{reports,scenarios}/**/*.test.ts"],
    reporters: [{}],
    maxWorkers: 1,
    // A changed source has the file's name and time: from a cache it would be the unchanged one.
    fsModuleCache: false,
    testTimeout: 60_000,
  },
  {
    plugins: [
      {
        name: "weakened",
        enforce: "pre",
        load: (id: string) => (weakened?.file === id ? weakened.text : null),
      },
    ],
  },
);

/** A mutant that makes a loop endless is noticed by everybody. Its tests take a second otherwise. */
const ENDLESS_MS = 120_000;

/** Whether any of these tests fails now, or does not end. */
async function notices(file: string, tests: readonly string[], mutant: Mutant | undefined): Promise<boolean> {
  const full = path.join(root, file);
  // The one before is itself again.
  if (weakened) vitest.invalidateFile(weakened.file);
  weakened = mutant && { file: full, text: mutant.text };
  vitest.invalidateFile(full);
  const specifications = await vitest.globTestSpecifications(tests.map((test) => path.join(root, test)));
  let isEndless = false;
  const watch = setTimeout(async () => {
    isEndless = true;
    // Asked once it waits for the test, asked twice it ends the worker.
    await Promise.all([1, 2].map(() => vitest.cancelCurrentRun("test-failure")));
  }, ENDLESS_MS);
  const { testModules, unhandledErrors } = await vitest
    .runTestSpecifications(specifications)
    .finally(() => clearTimeout(watch));
  if (isEndless) return true;
  // What ran before is still among them, as it came out then.
  const ran = testModules.filter(({ moduleId }) => specifications.some((one) => one.moduleId === moduleId));
  if (ran.length !== tests.length) throw new Error(`only ${ran.length} of ${tests.join(", ")} ran`);
  return unhandledErrors.length > 0 || ran.some((module) => !module.ok());
}

let made = 0;
let equivalent = 0;
const complaints: string[] = [];
const complain = (complaint: string): void => {
  complaints.push(complaint);
  world.stdout.write(`  ${complaint}\n`);
};
const all = new Set((await targets([])).map(({ file }) => file));
for (const { file } of KNOWN_EQUIVALENTS)
  if (!all.has(file)) complain(`known as equivalent, but no target: ${file}`);
for (const { file, tests } of await targets(world.argv)) {
  const whole = [...tests, ...ALL];
  if (await notices(file, whole, undefined)) throw new Error(`the tests of ${file} fail as it is`);
  // Else every mutant would survive because nobody ever saw it.
  const broken = { line: 0, change: "", becomes: "", text: `throw new Error("weakened");` };
  if (!(await notices(file, whole, broken))) throw new Error(`the tests of ${file} do not load it`);
  const mutants = mutantsOf(await readFile(path.join(root, file), "utf8"));
  for (const stale of staleIn(file, mutants)) complain(stale);
  let killed = 0;
  let known = 0;
  for (const mutant of mutants) {
    made++;
    // Its own tests first: they nearly always suffice.
    const isNoticed =
      (tests.length > 0 && (await notices(file, tests, mutant))) ||
      (await notices(file, ALL, mutant)) ||
      !(await compiler.accepts(file, mutant.text));
    const where = `${file}:${mutant.line}: ${mutant.change}`;
    if (isKnown(file, mutant)) {
      known++;
      if (isNoticed) complain(`known as equivalent, but noticed: ${where}`);
    } else if (isNoticed) killed++;
    else complain(`survived: ${where}: ${mutant.becomes}`);
  }
  equivalent += known;
  const aside = known > 0 ? `, ${known} known to change nothing` : "";
  world.stdout.write(`${file}: ${killed} of ${mutants.length} noticed${aside}\n`);
}
await vitest.close();
world.stdout.write(
  `${made} mutants, ${equivalent} known to change nothing, ${complaints.length} complaints\n`,
);
process.exitCode = complaints.length > 0 ? 1 : 0;
