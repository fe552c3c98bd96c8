import { messageOf } from "../chaos/deadline.ts";
import { conduct, type FaultEvent, type FaultWindow, type WindowResult } from "../chaos/timeline.ts";
import { find, loadCatalog } from "./catalog.ts";
import { portNamed } from "./disturb.ts";
import { shells } from "./target/shell.ts";
import type { Supervisor } from "./target/supervisor.ts";
import type { RunningTarget } from "./target/target.ts";
import { undoLogIn } from "./undo-log.ts";
import type { World } from "./world.ts";

/** One fault that somebody injects into a system that is up. Complete, as a window of a plan is. */
export interface ByHand {
  /** A name of the catalog, or a path to a file of the user's own, which must be absolute. */
  readonly fault: string;
  readonly target: string;
  readonly params: FaultWindow["params"];
  /** Absent: until it is asked to be undone. */
  readonly forMs?: number;
}

/** What the holder of the system says of it, one JSON line each; the last one is the result. */
export type ByHandLine = FaultEvent | ({ readonly kind: "result" } & Omit<WindowResult, "window">);

/** The longest that a fault stays if nobody has it undone: an evening. */
const FOREVER_MS = 12 * 3_600_000;

export interface Hands extends AsyncDisposable {
  /** Resolves when the fault is undone. Never rejects because of the fault. */
  inject(request: ByHand, say: (line: ByHandLine) => void, ended: AbortSignal): Promise<void>;
}

/**
 * Injects faults from within the process that keeps the system up: only that one can start again what it killed, and
 * undoes what it injected whatever becomes of whoever asked. Disposing undoes all that is in force.
 */
export function faultsByHand(options: {
  readonly target: RunningTarget;
  /** Gets `undo/`. */
  readonly folder: string;
  readonly supervisor: Pick<Supervisor, "spawn" | "runIfHarnessDies">;
  readonly world: World;
  readonly say: (text: string) => void;
}): Hands {
  const { target, folder, supervisor, world } = options;
  const leaving = new AbortController();
  const inForce = new Map<Promise<unknown>, string>();
  const shell = shells({ supervisor, runDir: folder, env: world.env, cwd: world.cwd });
  let injected = 0;

  async function inject(
    request: ByHand,
    say: (line: ByHandLine) => void,
    ended: AbortSignal,
  ): Promise<Omit<WindowResult, "window">> {
    const { fault: name, target: where, params, forMs = FOREVER_MS } = request;
    const fault = await find("fault", name, (await loadCatalog()).faults, world.cwd);
    const startMs = performance.now();
    const nowMs = () => performance.now() - startMs;
    const { windows } = await conduct(
      [
        {
          index: injected++,
          fault: name,
          target: where,
          params,
          fromMs: 0,
          toMs: forMs,
          closes: [],
          drops: false,
        },
      ],
      {
        nowMs,
        at: (ms, signal) => world.sleep(ms - nowMs(), signal),
        port: (named, on) => (on === "shell" ? shell(named) : portNamed(target.topology, named, on)),
        fault: () => fault,
        record(event) {
          say(event);
          options.say(`${name} ${where}: ${event.step}${event.detail ? ` (${event.detail})` : ""}`);
        },
        undoLog: undoLogIn(folder),
      },
      AbortSignal.any([ended, leaving.signal]),
    );
    const { window: _, ...result } = windows[0] as WindowResult;
    return result;
  }

  return {
    async inject(request, say, ended) {
      const name = `${request.fault} ${request.target}`;
      const nothing = { injected: false, observed: false, healed: true };
      if ([...inForce.values()].includes(name)) {
        say({ kind: "result", ...nothing, why: `${name} is in force already` });
        return;
      }
      const going = inject(request, say, ended).catch((error: unknown) => ({
        ...nothing,
        why: messageOf(error),
      }));
      inForce.set(going, name);
      say({ kind: "result", ...(await going) });
      inForce.delete(going);
    },
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await Promise.all(inForce.keys());
    },
  };
}
