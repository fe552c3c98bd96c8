import type { Terminal } from "./world.ts";

/** One line that keeps changing on a terminal; elsewhere a line now and then, so that a CI log stays readable. */
export interface Progress extends Disposable {
  /** Something happened that stays on the screen. */
  say(text: string): void;
  /** The state right now; the next one replaces it. */
  show(text: string): void;
}

/** How many states are dropped between two lines of a log that is not a terminal. */
const LOG_EVERY = 5;

export function progressOn(terminal: Terminal, quiet: boolean): Progress {
  if (quiet) return { say() {}, show() {}, [Symbol.dispose]() {} };
  let shown = "";
  let states = 0;
  const clear = () => {
    if (shown) terminal.write("\r\u001b[K");
    shown = "";
  };
  return {
    say(text) {
      clear();
      terminal.write(`${text}\n`);
    },
    show(text) {
      if (!terminal.isTTY) {
        if (states++ % LOG_EVERY === 0) terminal.write(`${text}\n`);
        return;
      }
      clear();
      shown = text.slice(0, Math.max(20, terminal.columns - 1));
      terminal.write(shown);
    },
    [Symbol.dispose]: clear,
  };
}
