import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type RequirementRow, requirementRows } from "./reference-server-rows.ts";

/** Where the page belongs; the test compares it with what `render` says. */
export const PAGE = fileURLToPath(new URL("../../docs/reference-server.md", import.meta.url));

export function render(rows: readonly RequirementRow[]): string {
  const counts = (["built", "built differently", "not built"] as const).map(
    (state) => `${rows.filter((row) => row.state === state).length} ${state}`,
  );
  return [
    "# The reference server, row by row",
    "",
    "Made by `node harness-cli/docs/reference-server.ts` from `harness-cli/docs/reference-server-rows.ts`; a test holds that",
    "it is fresh, that every file is there, and that every named test exists and names its row.",
    "",
    `${rows.length} rows: ${counts.join(", ")}.`,
    "",
    "| Row | What it asks for | State | File | Test |",
    "|---|---|---|---|---|",
    ...rows.map(line),
    "",
  ].join("\n");
}

function line({ id, says, state, why, file, test }: RequirementRow): string {
  const cells = [
    id,
    says,
    why === undefined ? state : `${state}: ${why}`,
    file === undefined ? "" : `[${file}](../${file})`,
    test === undefined ? "" : `${test.title} ([${test.file.split("/").at(-1)}](../${test.file}))`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

if (import.meta.main) await writeFile(PAGE, render(requirementRows));
