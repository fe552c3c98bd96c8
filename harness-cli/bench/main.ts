import path from "node:path";
import { Command, CommanderError } from "commander";
import { SeaworthyError } from "../errors.ts";
import { findTools } from "../provision/tools.ts";
import { createSupervisor } from "../target/supervisor.ts";
import { realWorld, type World } from "../world.ts";
import { benchFrameProxy } from "./frame-proxy.ts";
import { loadParts } from "./load-bench.ts";
import { watchMachine } from "./machine-load.ts";
import { benchServer, PARTS, type Part } from "./server-bench.ts";
import { soak } from "./soak.ts";

/** `npm run bench -- server`, `load`, `frame-proxy`, or `soak --minutes 30`. Resolves with the exit code. */
async function main(world: World): Promise<number> {
  const program = new Command("bench").description(
    "how fast the reference server is, whether it leaks, and what the harness's own proxy costs",
  );
  const say = (text: string) => world.stdout.write(`${text}\n`);
  const logFolder = path.resolve(world.cwd, "runs", "bench", "logs");
  let exitCode = 0;
  program
    .exitOverride()
    .command("server")
    .description(
      "fan-out (a), over three instances (b), idle connections (c), connects (d), stored SENDs (e)",
    )
    .argument("[parts...]", `any of ${PARTS.join(" ")}; all of them without`)
    .option("--runs <n>", "runs of every contender", "5")
    .option("--quick", "short and small: to see that it works, not to be quoted")
    .action(async (parts: string[], options: { runs: string; quick?: boolean }) => {
      const wrong = parts.filter((part) => !(PARTS as readonly string[]).includes(part));
      const runs = Number(options.runs);
      if (wrong.length > 0 || !Number.isInteger(runs) || runs < 1) {
        throw new SeaworthyError(
          "SW_USAGE",
          `cannot run ${[...wrong, `${options.runs} runs`].join(", ")}`,
          "bench server --help",
        );
      }
      const tools = await findTools();
      await using supervisor = await createSupervisor({ node: tools.node.path });
      using _interrupt = world.onSignal(
        () => void supervisor[Symbol.asyncDispose]().then(() => world.exitNow(130)),
      );
      await benchServer({
        parts: parts.length === 0 ? PARTS : (parts as Part[]),
        runs,
        quick: options.quick === true,
        tools,
        supervisor,
        logFolder,
        say,
      });
    });
  program
    .command("frame-proxy")
    .description("what the frame proxy adds to a link, beside Toxiproxy and a direct one")
    .option("--runs <n>", "rounds of every way, interleaved", "9")
    .option("--quick", "short and small: to see that it works, not to be quoted")
    .action(async (options: { runs: string; quick?: boolean }) => {
      const runs = Number(options.runs);
      if (!Number.isInteger(runs) || runs < 1)
        throw new SeaworthyError("SW_USAGE", `cannot run ${options.runs} rounds`, "bench frame-proxy --help");
      const tools = await findTools();
      await using supervisor = await createSupervisor({ node: tools.node.path });
      using _interrupt = world.onSignal(
        () => void supervisor[Symbol.asyncDispose]().then(() => world.exitNow(130)),
      );
      await benchFrameProxy({ runs, quick: options.quick === true, tools, supervisor, logFolder, say });
    });
  program
    .command("load")
    .description(`the load side: ${loadParts.map(({ name, summary }) => `${name} ${summary}`).join("; ")}`)
    .argument("[parts...]", `any of ${loadParts.map(({ name }) => name).join(" ")}; all of them without`)
    .option("--runs <n>", "runs of each", "3")
    .option("--quick", "short and small: to see that it works, not to be quoted")
    .action(async (names: string[], options: { runs: string; quick?: boolean }) => {
      const wrong = names.filter((name) => !loadParts.some((part) => part.name === name));
      const runs = Number(options.runs);
      if (wrong.length > 0 || !Number.isInteger(runs) || runs < 1) {
        throw new SeaworthyError(
          "SW_USAGE",
          `cannot run ${[...wrong, `${options.runs} runs`].join(", ")}`,
          "bench load --help",
        );
      }
      const tools = await findTools();
      await using supervisor = await createSupervisor({ node: tools.node.path });
      using _interrupt = world.onSignal(
        () => void supervisor[Symbol.asyncDispose]().then(() => world.exitNow(130)),
      );
      const folder = path.dirname(logFolder);
      for (const part of loadParts) {
        if (names.length > 0 && !names.includes(part.name)) continue;
        const machine = await watchMachine();
        await part.run({ runs, quick: options.quick === true, tools, supervisor, folder, say });
        say(await machine());
      }
    });
  program
    .command("soak")
    .description("half capacity with clients that come and go: does anything grow?")
    .option("--minutes <n>", "how long", "30")
    .option("--clients <n>", "subscribers over three instances", "600")
    .action(async (options: { minutes: string; clients: string }) => {
      const tools = await findTools();
      await using supervisor = await createSupervisor({ node: tools.node.path });
      using _interrupt = world.onSignal(
        () => void supervisor[Symbol.asyncDispose]().then(() => world.exitNow(130)),
      );
      const grew = await soak({
        durationMs: Number(options.minutes) * 60_000,
        clients: Number(options.clients),
        tools,
        supervisor,
        logFolder,
        say,
      });
      exitCode = grew ? 1 : 0;
    });
  await program.parseAsync(world.argv, { from: "user" });
  return exitCode;
}

if (import.meta.main) {
  const world = realWorld();
  try {
    process.exitCode = await main(world);
  } catch (error) {
    if (error instanceof SeaworthyError)
      world.stderr.write(`${error.code}: ${error.message}\n  Hint: ${error.hint}\n`);
    else if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error instanceof CommanderError ? error.exitCode : 2;
  }
}
