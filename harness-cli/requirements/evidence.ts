import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Which files name which row of the requirements. Paths from the repository's root. */
export interface Evidence {
  readonly code: Readonly<Record<string, readonly string[]>>;
  /** `reports/checks/no-gap.test.ts: INV-ORDER: a hole that is filled later is none`. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
  /** Which defects `.ci/run` proves, each with the row it is: those of a wave, or all. Absent: none. */
  readonly proved?: 1 | 2 | 3 | "all";
}

const ROOMS = ["target-server", "scenarios", "chaos", "reports", "harness-cli", "bin"];
/** Lists of rows name every one of them, and build none. */
const LISTS = /^harness-cli\/(requirements|docs)\/|^harness-cli\/fault-rows\.ts$/;
const ID = /(?:[A-F][1-9]\d*|INV-[A-Z]+)/;
/** The ids that a test's name begins with: `A1, A2, A3: …`, `A121–A125: …`. */
const TEST_NAME = new RegExp(
  String.raw`["'\`]((?:${ID.source})(?:(?:, |–| and | to )(?:[A-I]\d+|INV-[A-Z]+))*):\s([^"'\`\n]*)`,
  "g",
);
const SHOWN = 80;
const PACKED = new URL("./evidence.json", import.meta.url);

/** Reads the sources of a checkout; in the published package, which has no tests, what the build wrote down. */
export async function evidence(): Promise<Evidence> {
  const root = path.resolve(import.meta.dirname, "../..");
  if (existsSync(PACKED)) return JSON.parse(await readFile(PACKED, "utf8")) as Evidence;
  return scan(root);
}

export async function scan(root: string): Promise<Evidence> {
  const code: Record<string, string[]> = {};
  const tests: Record<string, string[]> = {};
  for (const room of ROOMS) {
    const files = (await readdir(path.join(root, room), { recursive: true })).map(
      (file) => `${room}/${file}`,
    );
    for (const file of files.sort()) {
      if (!/\.(ts|mjs)$/.test(file) || LISTS.test(file)) continue;
      const text = await readFile(path.join(root, file), "utf8");
      // Trials are tests that several files run, each on a system of its own.
      if (/(\.(test|e2e)|-trials)\.ts$/.test(file)) {
        for (const { ids, name } of testNames(text)) {
          for (const id of ids) add(tests, id, `${file}: ${name.slice(0, SHOWN)}`);
        }
      } else if (!/\/(fixtures|testing|e2e)\//.test(file)) {
        for (const id of new Set(text.match(new RegExp(String.raw`\b${ID.source}\b`, "g"))))
          add(code, id, file);
      }
    }
  }
  const proved = provedBy(await readFile(path.join(root, ".ci/run"), "utf8"));
  return { code, tests, ...(proved === undefined ? {} : { proved }) };
}

/** What a script lets `seaworthy prove` switch on: the whole catalog, or a wave of it. */
export function provedBy(script: string): Evidence["proved"] {
  const line = script.split("\n").find((one) => /^[^#]*\bseaworthy prove\b/.test(one));
  if (line === undefined) return undefined;
  const wave = /--wave (\d)/.exec(line)?.[1];
  return wave === undefined ? "all" : (Number(wave) as 1 | 2 | 3);
}

/** The names of a test file that begin with ids, and all of those ids. */
export function testNames(text: string): { readonly ids: readonly string[]; readonly name: string }[] {
  return [...text.matchAll(TEST_NAME)].map(([, head = "", rest = ""]) => ({
    ids: expanded(head),
    name: `${head}: ${rest}`,
  }));
}

function expanded(head: string): string[] {
  return head.split(/, | and /).flatMap((part) => {
    const [from = "", to] = part.split(/–| to /);
    const letter = from.charAt(0);
    if (to === undefined || !to.startsWith(letter)) return to === undefined ? [from] : [from, to];
    const [first, last] = [Number(from.slice(1)), Number(to.slice(1))];
    return Array.from({ length: Math.max(1, last - first + 1) }, (_, n) => `${letter}${first + n}`);
  });
}

function add(map: Record<string, string[]>, id: string, value: string): void {
  const own = map[id];
  if (!own) map[id] = [value];
  else if (!own.includes(value)) own.push(value);
}
