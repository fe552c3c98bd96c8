import { createWriteStream, readFileSync } from "node:fs";
import os from "node:os";
import { within } from "../../../chaos/deadline.ts";
import type { Exit } from "../../../chaos/topology.ts";
import { fileSize, lastLinesOf } from "../log-file.ts";
import { StartFailed } from "../process-port.ts";
import type { Child, ProcessSpec, Supervisor } from "../supervisor.ts";
import { ask, type Container, DaemonRefused, isGone, portTaken } from "./daemon.ts";
import { type ContainerSpec, type Fleet, shareOf } from "./fleet.ts";

const DEFAULT_GRACE_MS = 3_000;
const KILLED_WITHIN_MS = 20_000;

/**
 * Starts one container again and again, as the supervisor starts a process: for `ownProcess`, which does the rest. The
 * container is made at the first start and keeps its data, name and ports.
 */
export function containerSpawner(fleet: Fleet, container: ContainerSpec): Pick<Supervisor, "spawn"> {
  let made: Promise<Container> | undefined;
  return {
    async spawn(spec) {
      const isFirst = made === undefined;
      made ??= fleet.create(container);
      const own = await made;
      // Docker keeps what it was held to while it ran: a new start begins with what it was made with.
      if (!isFirst) await ask(`the share of ${container.name}`, own.update(shareOf(container)));
      return startChild(fleet, own, spec);
    },
  };
}

async function startChild(
  { docker, lost }: Pick<Fleet, "docker" | "lost">,
  container: Container,
  spec: ProcessSpec,
): Promise<Child> {
  const { name, logFile, stopSignal = "SIGTERM", graceMs = DEFAULT_GRACE_MS } = spec;
  const logStart = fileSize(logFile);
  // Before it starts: what it says first matters most.
  const output = await ask(
    `the output of ${name}`,
    container.attach({ stream: true, stdout: true, stderr: true }),
  );
  const log = createWriteStream(logFile, { flags: "a" });
  log.on("error", () => {}); // a disk that is full is found by whoever writes the record
  docker.modem.demuxStream(output, log, log);
  output.on("error", () => {});
  const logged = new Promise<void>((resolve) =>
    output.once("close", () => log.end(resolve)).once("end", () => log.end(resolve)),
  );
  try {
    await ask(`the start of ${name}`, container.start());
  } catch (error) {
    (output as { destroy?: () => void }).destroy?.();
    log.end();
    if (portTaken(error)) throw new StartFailed(`${name} did not start`, [(error as Error).message], logFile);
    throw error;
  }

  let gone = false;
  let frozen = false;
  /** What a frozen one was sent: it gets it when it goes on, as a stopped process does. */
  let pending: NodeJS.Signals[] = [];
  const exit = Promise.race([whenOver(container), lost.then(lostExit)]).then(async (ended): Promise<Exit> => {
    gone = true;
    frozen = false;
    await within(1_000, "the end of its output", logged).catch(() => {});
    return ended;
  });
  const { State } = await ask(`a look at ${name}`, container.inspect());

  async function send(signal: NodeJS.Signals): Promise<void> {
    if (gone) return;
    try {
      await deliver(signal);
    } catch (error) {
      // It ended in the meantime.
      if (!isGone(error) && !(error instanceof DaemonRefused && /is not running/.test(error.message)))
        throw error;
    }
  }

  async function deliver(signal: NodeJS.Signals): Promise<void> {
    switch (signal) {
      case "SIGSTOP":
        if (frozen) return;
        await ask(`freezing ${name}`, container.pause());
        frozen = true;
        return;
      case "SIGCONT":
        if (!frozen) return;
        await thaw();
        for (const waiting of pending.splice(0)) await deliver(waiting);
        return;
      default:
        if (frozen && signal !== "SIGKILL") {
          pending.push(signal);
          return;
        }
        // The daemon kills nothing that is frozen.
        if (frozen) await thaw();
        await ask(`${signal} to ${name}`, container.kill({ signal }));
    }
  }

  async function thaw(): Promise<void> {
    await ask(`letting ${name} go on`, container.unpause());
    frozen = false;
  }

  async function stop(): Promise<void> {
    await send(stopSignal);
    await send("SIGCONT");
    await within(graceMs, `stopping ${name}`, exit).catch(async () => {
      pending = [];
      await send("SIGKILL");
      await within(KILLED_WITHIN_MS, `killing ${name}`, exit);
    });
  }

  let stopping: Promise<void> | undefined;
  return {
    name,
    pid: State.Pid,
    exit,
    lastLines: () => lastLinesOf(logFile, logStart),
    signal: send,
    frozen: () => frozen,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Never rejects. A container that is killed ends with 128 + the signal, which is how Docker says it. */
async function whenOver(container: Container): Promise<Exit> {
  try {
    const { StatusCode } = (await container.wait({ condition: "not-running" })) as { StatusCode: number };
    const signal = signalNumbers.get(StatusCode - 128) ?? null;
    return { code: signal === null ? StatusCode : null, signal, atEpochMs: Date.now() };
  } catch {
    return lostExit();
  }
}

/** For messages, in place of a signal. */
function lostExit(): Exit {
  const signal = "the container daemon went away; the next run with containers removes what it still holds";
  return { code: null, signal, atEpochMs: Date.now() };
}

const signalNumbers = new Map(Object.entries(os.constants.signals).map(([name, number]) => [number, name]));

/** Is this a process of this machine? With a daemon in a virtual machine or far away its pid means nothing here. */
export function isOfThisMachine(pid: number, containerId: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "latin1").includes(containerId);
  } catch {
    return false;
  }
}
