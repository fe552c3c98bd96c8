import { mkdir } from "node:fs/promises";
import path from "node:path";
import { DeadlinePassed, within } from "../../chaos/deadline.ts";
import type { Shell } from "../../chaos/topology.ts";
import type { Supervisor } from "./supervisor.ts";

/** How much of what a command printed is worth keeping in the history. */
const OUTPUT_CHARS = 300;

export interface ShellOptions {
  readonly supervisor: Pick<Supervisor, "spawn" | "runIfHarnessDies">;
  /** Gets `logs/command-<name>.log`. */
  readonly runDir: string;
  /** The user's own: their commands need their own variables (DOCKER_HOST, KUBECONFIG …). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Runs the user's commands as children of the supervisor, each in a process group of its own. */
export function shells(options: ShellOptions): (name: string) => Shell {
  const { supervisor, runDir, cwd } = options;
  const env = Object.fromEntries(
    Object.entries(options.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

  return (name) => ({
    kind: "shell",
    name,
    async run(command, timeoutMs) {
      const logFile = path.resolve(runDir, "logs", `command-${name}.log`);
      await mkdir(path.dirname(logFile), { recursive: true });
      const child = await supervisor.spawn({
        name: `a command for ${name}`,
        command: "/bin/sh",
        args: ["-c", command],
        env,
        cwd,
        logFile,
      });
      try {
        const { code } = await within(timeoutMs, command, child.exit);
        return { code, output: child.lastLines().join("\n").trim().slice(-OUTPUT_CHARS) };
      } catch (error) {
        if (error instanceof DeadlinePassed) {
          child.signal("SIGKILL");
          await child.exit;
        }
        throw error;
      }
    },
    runIfHarnessDies: (command, timeoutMs) => supervisor.runIfHarnessDies({ command, timeoutMs, cwd, env }),
  });
}
