import type { Process, SwitchBoard, Switches } from "./topology.ts";

/** @throws when the program has no switches that can be turned while it runs. */
export function switchesOf(process: Process): SwitchBoard {
  if (process.switches === undefined) throw new Error(`${process.name} has no switches`);
  return process.switches;
}

/** Turns them until disposed. One that was restarted meanwhile has them as they were, and is left alone. */
export async function turned(process: Process, to: Partial<Switches>): Promise<AsyncDisposable> {
  const pid = process.pid();
  const switches = switchesOf(process);
  const { nowMs: _, ...before } = await switches.read();
  const back = Object.fromEntries(Object.entries(before).filter(([name]) => name in to));
  await switches.turn(to);
  return {
    async [Symbol.asyncDispose]() {
      if (process.pid() === pid) await switches.turn(back);
    },
  };
}
