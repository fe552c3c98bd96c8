import type { Channel, ChannelEvents } from "./channel.ts";
import { Console } from "./console.ts";
import type { Control, Telemetry } from "./telemetry.ts";

/** Where a VU's telemetry goes and who tells it to begin and to stop. */
export interface Home {
  emit(line: Telemetry): void;
  /** Epoch ms of time zero; undefined when the run is stopped before it began. */
  readonly go: Promise<number | undefined>;
  onStop(stop: (drainMs: number) => void): void;
  close(): void;
}

/** Nobody to wait for: it begins at once and prints. */
export function alone(startEpochMs: number): Home {
  const lines = new Console();
  return {
    emit: (line) => lines.line(line),
    go: Promise.resolve(startEpochMs),
    onStop() {},
    close() {},
  };
}

/** Resolves when the harness listens. Without it nobody would see the results, so its end is the run's end. */
export function harness(open: (events: ChannelEvents) => Channel): Promise<Home> {
  return new Promise((resolve, reject) => {
    let go: (startEpochMs: number | undefined) => void = () => {};
    let stop: (drainMs: number) => void = () => {};
    const gone = new Promise<number | undefined>((resolveGo) => {
      go = resolveGo;
    });
    const obey = (control: Control) => {
      if (control.type === "go") {
        go(control.startEpochMs);
      } else {
        go(undefined);
        stop(control.drainMs);
      }
    };
    const channel = open({
      opened: () => resolve(home),
      control: obey,
      closed(reason) {
        reject(new Error(`no telemetry: ${reason}`));
        obey({ type: "stop", drainMs: 0 });
      },
    });
    const home: Home = {
      emit: (line) => channel.emit(line),
      go: gone,
      onStop(listener) {
        stop = listener;
      },
      close: () => channel.close(),
    };
  });
}
