import type { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import type { Action } from "../main.ts";
import type { World } from "../world.ts";
import { doctor } from "./doctor.ts";

export function doctorCommand(program: Command, world: World, done: Action): void {
  program
    .command("doctor")
    .description("what is on this machine, what is missing and how to get it")
    .option("--fix", "get what is missing")
    .option("--json", "as JSON")
    .action(async (options: { fix?: boolean; json?: boolean }) => {
      const exit = await doctor(
        { fix: options.fix === true, json: options.json === true },
        {
          stdout: (text) => world.stdout.write(text),
          stderr: (text) => world.stderr.write(text),
          isTTY: world.stderr.isTTY,
        },
      );
      done(exit as ExitCode);
    });
}
