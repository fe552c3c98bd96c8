import type { World } from "./world.ts";

/**
 * Ctrl-C, twice. The first signal asks the run to end cleanly: stop publishing, undo the faults, judge what there
 * is. The second leaves at once; the watchdog then clears away what this process no longer can.
 */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
  /** The name of the first signal, once there was one. */
  readonly by: string | undefined;
}

export function listenForInterrupt(
  world: World,
  what = "ending the run and judging what there is",
): Interrupt {
  const controller = new AbortController();
  let by: string | undefined;
  const subscription = world.onSignal((signal) => {
    if (by !== undefined) {
      world.stderr.write(`\n${signal} again: leaving at once\n`);
      world.exitNow(130);
      return;
    }
    by = signal;
    world.stderr.write(`\n${signal}: ${what} (again to leave at once)\n`);
    controller.abort();
  });
  return {
    signal: controller.signal,
    get by() {
      return by;
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}
