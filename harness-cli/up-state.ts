import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import path from "node:path";
import { SeaworthyError } from "./errors.ts";
import type { Access } from "./target/target.ts";

/** `up/state.json`: the addresses of a system that is up, and where to ask it to stop. */
export interface UpState {
  readonly format: 1;
  readonly endpoints: readonly string[];
  readonly links: readonly { readonly name: string; readonly listen: string; readonly upstream: string }[];
  readonly metrics: readonly { readonly name: string; readonly metricsUrl: string }[];
  readonly access: Access;
  readonly pids: Readonly<Record<string, number>>;
  /** A loopback port that takes the word and stops the system: a pid could be somebody else's by now. */
  readonly control: { readonly port: number; readonly word: string };
}

const fileOf = (folder: string) => path.join(folder, "state.json");

/** The whole of a system's bring-down must fit in here. */
const DOWN_DEADLINE_MS = 30_000;

/** Writes the state and listens for `down`. Disposing removes the file and tells whoever asked that it is done. */
export async function holdUp(
  folder: string,
  state: Omit<UpState, "control">,
  onDown: () => void,
): Promise<AsyncDisposable & { readonly state: UpState }> {
  const word = randomBytes(16).toString("hex");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    // The asker waits for the end of this connection, which must not be what keeps this process from ending.
    socket.unref();
    socket.once("data", (data) => {
      if (data.toString() === `down ${word}`) onDown();
      else socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const held: UpState = { ...state, control: { port: (server.address() as AddressInfo).port, word } };
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

/** Asks a system to stop and waits until its process is gone. */
export async function askDown(state: UpState): Promise<void> {
  const { port, word } = state.control;
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`down ${word}`));
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
}
