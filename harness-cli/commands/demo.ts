import type { Command } from "commander";
import type { Action } from "../main.ts";
import { runAsOption } from "../run-as.ts";
import type { World } from "../world.ts";

/** The main job in under a minute: three instances, k6, a slow link, a killed instance, a verdict. */
export const DEMO = [
  "run",
  "ramp",
  "--fault",
  "latency@12s..18s:server-any/clients,latencyMs=150",
  "--fault",
  "kill@22s..25s:server-any",
  "--seed",
  "2026",
] as const;

export function demo(program: Command, _world: World, _done: Action): void {
  program
    .command("demo")
    .description(`the main job, shown: seaworthy ${DEMO.join(" ")}`)
    .option("--json", "print verdict.json instead of text")
    .option("--out <folder>", "where runs are kept", "runs")
    .addOption(runAsOption())
    .action(async (options: { json?: boolean; out: string; runAs?: string }) => {
      const runAs = options.runAs ? ["--run-as", options.runAs] : [];
      const json = options.json ? ["--json"] : [];
      await program.parseAsync([...DEMO, "--out", options.out, ...runAs, ...json], { from: "user" });
    });
}
