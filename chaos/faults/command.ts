import { defineFault } from "../fault.ts";
import type { Shell } from "../topology.ts";

export default defineFault({
  name: "command",
  summary: "a command of your own breaks your own system, and another one mends it",
  requirement: ["E12", "E13", "E14", "E15", "E50"],
  on: "shell",
  params: { inject: "", observe: "", undo: "", healed: "", deadlineMs: 8_000, drops: true },
  explain: {
    inject: "breaks it: a command line for sh, such as docker kill app-1; must end with 0",
    observe: "ends with 0 while the effect is there, and only then",
    undo: "mends it; must end with 0, also when nothing is broken; also run when the harness is killed",
    healed: "ends with 0 when the effect is gone; left out: as soon as observe no longer ends with 0",
    deadlineMs: "each command that takes longer is killed, with all that it started",
    drops:
      "does it end the connections of clients? Then their reconnects are judged and their closes expected",
  },
  bounds: { deadlineMs: [100, 9_000] },
  closes: [1000, 1001, 1006, 1012],
  drops: true,

  async inject(shell, { inject, observe, undo, deadlineMs }) {
    // Else whatever happens next would be taken for its effect.
    if (await says(shell, observe, deadlineMs)) {
      throw new Error(`nothing is broken yet, and "${observe}" ended with 0`);
    }
    const pledge = shell.runIfHarnessDies(undo, deadlineMs);
    const mend = async () => {
      await mustEndWell(shell, undo, deadlineMs);
      pledge[Symbol.dispose]();
    };
    try {
      await mustEndWell(shell, inject, deadlineMs);
    } catch (error) {
      // It may have done half of its work.
      await mend();
      throw error;
    }
    return { [Symbol.asyncDispose]: mend };
  },
  observed: (shell, { observe, deadlineMs }) => says(shell, observe, deadlineMs),
  healed: async (shell, { observe, healed, deadlineMs }) =>
    healed === "" ? !(await says(shell, observe, deadlineMs)) : says(shell, healed, deadlineMs),
});

async function says(shell: Shell, command: string, deadlineMs: number): Promise<boolean> {
  return (await shell.run(command, deadlineMs)).code === 0;
}

async function mustEndWell(shell: Shell, command: string, deadlineMs: number): Promise<void> {
  const { code, output } = await shell.run(command, deadlineMs);
  if (code === 0) return;
  throw new Error(`"${command}" ended with ${code ?? "a signal"}${output === "" ? "" : `: ${output}`}`);
}
