import { execFile, spawn } from "node:child_process";
import { access } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { fillFolder, toolFolder } from "../provision/cache.ts";
import { thisMachine } from "../provision/machine.ts";

const VERSION = "9.0.0";
const INSTALL_DEADLINE_MS = 120_000;
/** Longer than the waits of the program itself. */
const CLIENT_DEADLINE_MS = 90_000;
const run = promisify(execFile);

/** The Python that has stomp.py, in a folder of the cache; undefined, with the reason said, without Python or pip. */
export async function pythonWithStomp(): Promise<{ python: string } | { missing: string }> {
  const folder = toolFolder(thisMachine(), "stomp.py", VERSION);
  const python = path.join(folder, "bin", "python");
  try {
    await access(python);
    return { python };
  } catch {
    // Not there yet.
  }
  try {
    await run("python3", ["-c", "import venv, ensurepip"], { timeout: INSTALL_DEADLINE_MS });
  } catch (error) {
    return { missing: `no python3 with venv and pip: ${(error as Error).message.split("\n")[0]}` };
  }
  await fillFolder(folder, async (part) => {
    await run("python3", ["-m", "venv", part], { timeout: INSTALL_DEADLINE_MS });
    await run(
      path.join(part, "bin", "python"),
      ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `stomp.py==${VERSION}`],
      { timeout: INSTALL_DEADLINE_MS },
    );
  });
  return { python };
}

export interface PythonEvent {
  readonly event: string;
  readonly [more: string]: unknown;
}

/** Runs the client to its end. */
export function stompPyClient(
  python: string,
  args: { port: string; origin: string; token: string; room: string; text: string },
  hear: (event: PythonEvent) => void,
): Promise<{ readonly exit: number | null; readonly err: string }> {
  const program = path.join(import.meta.dirname, "stomp-py-client.py");
  const child = spawn(python, [program, args.port, args.origin, args.token, args.room, args.text], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: CLIENT_DEADLINE_MS,
  });
  let rest = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(JSON.parse(line));
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit) => resolve({ exit, err }));
  });
}
