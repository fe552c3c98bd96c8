/** Tells a person what takes long. `doing` is one line, such as `building k6 2.2.0 (once, about 1–3 minutes)`. */
export type Progress = (event: ProgressEvent) => void;

export type ProgressEvent =
  | { readonly kind: "started"; readonly tool: string; readonly doing: string }
  | { readonly kind: "running"; readonly tool: string; readonly doing: string; readonly elapsedMs: number }
  | { readonly kind: "done"; readonly tool: string; readonly doing: string; readonly elapsedMs: number }
  | {
      readonly kind: "failed";
      readonly tool: string;
      readonly doing: string;
      readonly elapsedMs: number;
      readonly why: string;
    };

/** Runs one long action under a name; the progress of one tool. */
export type Step = <T>(doing: string, action: () => Promise<T>) => Promise<T>;

export function stepsOf(tool: string, progress: Progress): Step {
  return async (doing, action) => {
    const startedAt = performance.now();
    const elapsedMs = () => performance.now() - startedAt;
    progress({ kind: "started", tool, doing });
    const ticker = setInterval(
      () => progress({ kind: "running", tool, doing, elapsedMs: elapsedMs() }),
      1_000,
    );
    try {
      const result = await action();
      progress({ kind: "done", tool, doing, elapsedMs: elapsedMs() });
      return result;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      progress({ kind: "failed", tool, doing, elapsedMs: elapsedMs(), why });
      throw error;
    } finally {
      clearInterval(ticker);
    }
  };
}

/**
 * Writes progress for people: on a terminal one line that updates, elsewhere a line when something starts, every
 * ten seconds and when it ends.
 */
export function progressOn(out: { write(text: string): unknown; readonly isTTY?: boolean }): Progress {
  let lastLineMs = 0;
  return (event) => {
    const seconds = event.kind === "started" ? "" : ` ${Math.round(event.elapsedMs / 1_000)} s`;
    const state = event.kind === "done" ? " done" : event.kind === "failed" ? ` failed: ${event.why}` : "";
    const line = `${event.doing} …${seconds}${state}`;
    if (out.isTTY) {
      out.write(`\r\x1b[2K${line}${event.kind === "done" || event.kind === "failed" ? "\n" : ""}`);
      return;
    }
    if (event.kind === "running" && event.elapsedMs - lastLineMs < 10_000) return;
    lastLineMs = event.kind === "running" ? event.elapsedMs : 0;
    out.write(`${line}\n`);
  };
}

/** For a command that has a progress line of its own: a sentence when something starts and when it fails. */
export function progressBy(say: (text: string) => void): Progress {
  return (event) => {
    if (event.kind === "started") say(`${event.doing} …`);
    if (event.kind === "failed") say(`${event.doing} failed: ${event.why}`);
  };
}
