import { Command, CommanderError } from "commander";
import { chaos } from "./commands/chaos.ts";
import { demo } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor-command.ts";
import { explain } from "./commands/explain.ts";
import { judgeCommand } from "./commands/judge.ts";
import { list } from "./commands/list.ts";
import { prove } from "./commands/prove.ts";
import { runCommand } from "./commands/run.ts";
import { selftest } from "./commands/selftest.ts";
import { down, up } from "./commands/up.ts";
import { SeaworthyError } from "./errors.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { Mistakes } from "./mistakes.ts";
import { version } from "./version.ts";
import { realWorld, type World } from "./world.ts";

/** What a command gives back: the exit code, decided in one place for each. */
export type Action = (exit: ExitCode) => void;

/** The whole CLI: arguments in, exit code out. Rejects only on a bug. */
export async function main(world: World): Promise<ExitCode> {
  let exit: ExitCode = 0;
  const done: Action = (code) => {
    exit = code;
  };
  const program = new Command("seaworthy")
    .description(
      "Load-test and break a WebSocket/STOMP system, and judge whether it would survive production.",
    )
    .version(await version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      // Shown by `complain`, with a code and a hint like every other error.
      outputError: () => {},
    })
    .showSuggestionAfterError(true)
    .addHelpText("after", `\n${exitCodeHelp()}`);
  for (const add of [
    runCommand,
    judgeCommand,
    list,
    explain,
    prove,
    selftest,
    up,
    down,
    chaos,
    doctorCommand,
    demo,
  ]) {
    add(program, world, done);
  }

  try {
    await program.parseAsync(world.argv, { from: "user" });
    return exit;
  } catch (error) {
    return complain(error, world);
  }
}

function complain(error: unknown, world: World): ExitCode {
  const say = (code: string, message: string, hint: string) =>
    world.stderr.write(`${code}: ${message}\n  Hint: ${hint}\n`);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Without a command commander has shown the help, and that is all there is to say.
    if (error.code !== "commander.help") {
      say(
        "SW_USAGE",
        error.message.replace(/^error: /, "").replace(/\n+/g, " "),
        "seaworthy --help, or --help after a command",
      );
    }
    return 2;
  }
  if (error instanceof Mistakes) {
    for (const { code, message, hint } of error.list) say(code, message, hint);
    return 2;
  }
  if (error instanceof SeaworthyError) {
    say(error.code, error.message, error.hint);
    return error.exitCode;
  }
  throw error;
}

function exitCodeHelp(): string {
  const lines = Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return `Exit codes:\n${lines.join("\n")}\n`;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(realWorld());
  } catch (error) {
    process.stderr.write(
      `SW_BUG: ${error instanceof Error ? error.stack : error}\n  Hint: this is a bug in seaworthy; please report it with this text\n`,
    );
    process.exitCode = 4;
  }
}
