import path from "node:path";
import type { Command } from "commander";
import { text } from "../../reports/render/text.ts";
import { loadCatalog } from "../catalog.ts";
import { exitCodeOf } from "../exit-codes.ts";
import type { Action } from "../main.ts";
import { judgeRun, writeOutputs } from "../outputs.ts";
import type { World } from "../world.ts";
import { textOptions } from "./run.ts";

export function judgeCommand(program: Command, world: World, done: Action): void {
  program
    .command("judge")
    .description("judge a recorded run again, from its record alone: the same record gives the same bytes")
    .argument("<run>", "a run's folder, such as runs/latest")
    .option("--json", "print verdict.json instead of text")
    .action(async (run: string, options: { json?: boolean }) => {
      const dir = path.resolve(world.cwd, run);
      const judged = await judgeRun(dir, await loadCatalog(), world.cwd);
      await writeOutputs(dir, judged);
      if (options.json) world.stdout.write(judged.verdict);
      else world.stdout.write(text(judged.report, judged.record, textOptions(world, dir)));
      done(exitCodeOf(judged.report.ended, judged.report.overall));
    });
}
