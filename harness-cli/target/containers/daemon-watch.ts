import { within } from "../../../chaos/deadline.ts";
import type { Docker } from "./daemon.ts";

const PING_DEADLINE_MS = 5_000;

export interface DaemonWatch extends Disposable {
  /** Settles when the daemon does not answer any more; never before it is disposed otherwise. */
  readonly lost: Promise<void>;
  isLost(): boolean;
}

/**
 * Listens to the daemon's events, whose stream ends when the daemon does: a call that waits for a container's end
 * would wait for ever (docker-modem says nothing of an answer that breaks off in its middle).
 */
export function watchDaemon(docker: Docker, label: string): DaemonWatch {
  const lost = Promise.withResolvers<void>();
  let isLost = false;
  let over = false;
  let stream: { destroy?: () => void } | undefined;

  async function listen(): Promise<void> {
    while (!over) {
      try {
        const events = await docker.getEvents({ filters: { label: [label] } });
        stream = events as typeof stream;
        if (over) stream?.destroy?.();
        await new Promise<void>((resolve) => {
          for (const end of ["end", "close", "error"]) events.once(end, () => resolve());
          events.resume();
        });
        await within(PING_DEADLINE_MS, "the container daemon", docker.ping());
      } catch {
        if (over) return;
        isLost = true;
        lost.resolve();
        return;
      }
    }
  }
  void listen();

  return {
    lost: lost.promise,
    isLost: () => isLost,
    [Symbol.dispose]() {
      over = true;
      stream?.destroy?.();
    },
  };
}
