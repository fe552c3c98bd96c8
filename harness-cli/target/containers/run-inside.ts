import { Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { DeadlinePassed, within } from "../../../chaos/deadline.ts";
import type { CommandResult } from "../../provision/run-command.ts";
import { ask } from "./daemon.ts";
import type { Fleet } from "./fleet.ts";

const LOOK_AGAIN_MS = 50;

/**
 * Runs a program in a running container to its end, as that container's own user: what it said on both streams, and its
 * exit code.
 *
 * @throws DaemonRefused with 409 when the container is not running or frozen, DeadlinePassed when the program takes longer
 * than `timeoutMs`, and as `ask`.
 */
export async function runInside(
  { docker, idOf }: Pick<Fleet, "docker" | "idOf">,
  name: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  const what = `${command[0]} in ${name}`;
  const container = docker.getContainer(idOf(name));
  const exec = await ask(what, container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true }));
  const stream = await ask(what, exec.start({ Detach: false, Tty: false }));
  const said: Buffer[] = [];
  const collect = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said.push(chunk);
      done();
    },
  });
  docker.modem.demuxStream(stream, collect, collect);
  const ended = Promise.withResolvers<void>();
  stream.on("error", ended.reject).once("end", ended.resolve).once("close", ended.resolve);
  try {
    await within(timeoutMs, what, ended.promise);
  } finally {
    stream.destroy();
  }
  // The end of what it says comes before the news of its exit.
  for (
    const untilMs = performance.now() + timeoutMs;
    performance.now() < untilMs;
    await wait(LOOK_AGAIN_MS)
  ) {
    const { Running, ExitCode } = await ask(what, exec.inspect());
    if (!Running) return { code: ExitCode, output: Buffer.concat(said).toString() };
  }
  throw new DeadlinePassed(`${what}: it closed its output and did not end`);
}
