import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { Balancer } from "../reports/record/balancer.ts";
import type { RunAs } from "../reports/record/plan.ts";
import type { LoadAccess } from "../scenarios/model/load-config.ts";
import type { ByHand, ByHandLine } from "./by-hand.ts";
import { SeaworthyError } from "./errors.ts";
import { isRunning } from "./target/child.ts";

/** `up/state.json`: the addresses of a system that is up, and where to ask it to stop. */
export interface UpState {
  readonly format: 1;
  readonly runAs: RunAs;
  readonly endpoints: readonly string[];
  readonly links: readonly { readonly name: string; readonly listen: string; readonly upstream: string }[];
  readonly metrics: readonly { readonly name: string; readonly metricsUrl: string }[];
  readonly access: LoadAccess;
  /** In front of the instances; then all clients dial the one endpoint. */
  readonly balancer?: Balancer;
  readonly pids: Readonly<Record<string, number>>;
  /** A loopback port that takes the word and stops the system: a pid could be somebody else's by now. */
  readonly control: { readonly port: number; readonly word: string; readonly pid: number };
}

const fileOf = (folder: string) => path.join(folder, "state.json");

/** The whole of a system's bring-down must fit in here. */
const DOWN_DEADLINE_MS = 30_000;
const GONE_LOOK_MS = 10;

/** What the holder of a system is asked over the control port. */
export interface UpRequests {
  down(): void;
  /** `ended` aborts when the asker wants the fault undone, or is gone. The connection is closed afterwards. */
  byHand(request: ByHand, say: (line: ByHandLine) => void, ended: AbortSignal): Promise<void>;
}

/** Longest line of the control port: a fault's parameters are a few hundred bytes. */
const LINE_CHARS_MAX = 100_000;

/**
 * Writes the state and listens for requests, one line each. Disposing removes the file and tells whoever asked for
 * `down` that it is done.
 */
export async function holdUp(
  folder: string,
  state: Omit<UpState, "control">,
  on: UpRequests,
): Promise<AsyncDisposable & { readonly state: UpState }> {
  const word = randomBytes(16).toString("hex");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    // The asker waits for the end of this connection, which must not be what keeps this process from ending.
    socket.unref();
    let text = "";
    socket.setEncoding("utf8").on("data", function first(chunk: string) {
      text += chunk;
      const end = text.indexOf("\n");
      if (end < 0 && text.length < LINE_CHARS_MAX) return;
      socket.off("data", first);
      const line = text.slice(0, end);
      if (line === `down ${word}`) on.down();
      else if (line.startsWith(`chaos ${word} `))
        void byHand(socket, line.slice(`chaos ${word} `.length), on);
      else socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const held: UpState = {
    ...state,
    control: { port: (server.address() as AddressInfo).port, word, pid: process.pid },
  };
  const temporary = `${fileOf(folder)}.new`;
  await writeFile(temporary, JSON.stringify(held, null, 2), { mode: 0o600 });
  await rename(temporary, fileOf(folder));
  return {
    state: held,
    async [Symbol.asyncDispose]() {
      await rm(fileOf(folder), { force: true });
      server.close();
    },
  };
}

/** One fault over one connection: another line, or the connection's end, has it undone. */
async function byHand(socket: Socket, request: string, on: UpRequests): Promise<void> {
  const ended = new AbortController();
  socket.once("data", () => ended.abort()).once("close", () => ended.abort());
  const say = (line: ByHandLine) => void socket.write(`${JSON.stringify(line)}\n`);
  try {
    await on.byHand(JSON.parse(request) as ByHand, say, ended.signal);
  } finally {
    socket.end();
  }
}

/** Asks a system to inject one fault; `end` aborting has it undone. Resolves with its last line, if there was one. */
export async function askByHand(
  state: UpState,
  request: ByHand,
  onLine: (line: ByHandLine) => void,
  end: AbortSignal,
): Promise<ByHandLine | undefined> {
  const { port, word } = state.control;
  const socket = connect(port, "127.0.0.1", () => socket.write(`chaos ${word} ${JSON.stringify(request)}\n`));
  const undo = () => void socket.write("undo\n");
  end.addEventListener("abort", undo, { once: true });
  let last: ByHandLine | undefined;
  socket.on("error", () => {});
  try {
    for await (const text of createInterface({ input: socket })) {
      last = JSON.parse(text) as ByHandLine;
      onLine(last);
    }
  } catch {
    // The system went away: what it said last is all there is.
  } finally {
    end.removeEventListener("abort", undo);
    socket.destroy();
  }
  return last;
}

/** The state of the system that is up, or undefined; a file whose system does not answer is stale and ignored. */
export async function readUp(folder: string): Promise<UpState | undefined> {
  let state: UpState;
  try {
    state = JSON.parse(await readFile(fileOf(folder), "utf8"));
  } catch {
    return undefined;
  }
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect(state.control.port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
  return answers ? state : undefined;
}

/**
 * Asks a system to stop and waits until its process is gone. Who takes the word is alive, so that is its pid; Node ends
 * its connections a little before it ends itself.
 */
export async function askDown(state: UpState): Promise<void> {
  const { port, word, pid } = state.control;
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`down ${word}\n`));
    socket.setTimeout(DOWN_DEADLINE_MS, () => {
      socket.destroy();
      reject(
        new SeaworthyError(
          "SW_NOT_RUNNING",
          "the system did not stop in time",
          "see up/up.log and end its processes",
        ),
      );
    });
    socket.once("close", () => resolve());
    socket.on("error", () => {});
  });
  const deadline = performance.now() + DOWN_DEADLINE_MS;
  while ((await isRunning(pid)) && performance.now() < deadline) await wait(GONE_LOOK_MS);
}
