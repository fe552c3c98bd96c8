import { existsSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import os from "node:os";
import path from "node:path";
import { within } from "../../../chaos/deadline.ts";
import type { BalancerProgram } from "../../../reports/record/balancer.ts";
import type { InForce } from "./description.ts";
import { haproxyConfig } from "./haproxy.ts";
import { nginxConfig } from "./nginx.ts";

/** What differs between the programs: how each is written down, started, checked and told to begin anew. */
export interface Program {
  /** In the balancer's own folder. */
  readonly configFile: string;
  config(settings: InForce): string;
  /** Of the command that runs it in the foreground. */
  readonly args: readonly string[];
  /** Of the command that only says whether the configuration is right. */
  readonly checkArgs: readonly string[];
  readonly reloadSignal: NodeJS.Signals;
  /** An old worker that takes nobody new any more. Absent where one cannot see that. */
  isLeaving?(pid: number): boolean;
  /** Changes who gets new connections without a reload. Absent: it needs one. */
  drain?(server: string, isDrained: boolean): Promise<void>;
}

const COMMAND_DEADLINE_MS = 3_000;

export function programOf(kind: BalancerProgram, folder: string): Program {
  return kind === "nginx" ? nginx(folder) : haproxy(folder);
}

function nginx(folder: string): Program {
  const configFile = path.join(folder, "nginx.conf");
  // The prefix must end with a slash; without `-e` it opens its compiled-in log file first.
  const args = ["-p", `${folder}${path.sep}`, "-c", "nginx.conf", "-e", "stderr"];
  // As root its worker would become "nobody", who cannot enter our folder for what is too large for memory.
  const { uid, username } = os.userInfo();
  return {
    configFile,
    config: (settings) => nginxConfig(settings, uid === 0 ? username : undefined),
    args,
    checkArgs: [...args, "-t"],
    reloadSignal: "SIGHUP",
    isLeaving: saysItShutsDown,
  };
}

function haproxy(folder: string): Program {
  const configFile = path.join(folder, "haproxy.cfg");
  const socket = path.join(folder, "haproxy.sock");
  return {
    configFile,
    config: (settings) => haproxyConfig(settings, socket),
    args: ["-W", "-db", "-f", configFile],
    checkArgs: ["-c", "-f", configFile],
    reloadSignal: "SIGUSR2",
    async drain(server, isDrained) {
      for (const backend of ["servers", "in-turn"]) {
        const said = await command(socket, `set weight ${backend}/${server} ${isDrained ? 0 : 100}`);
        if (said.trim() !== "") throw new Error(`HAProxy: ${said.trim()}`);
      }
    },
  };
}

/** nginx writes it into its title, where Linux shows it; also true of one that is gone. */
function saysItShutsDown(pid: number): boolean {
  try {
    return (
      !existsSync("/proc/self") || readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("shutting down")
    );
  } catch {
    return true;
  }
}

/** One command over the admin socket: what it said. Nothing is good news. */
async function command(socketPath: string, line: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = createConnection(socketPath, () => socket.write(`${line}\n`));
  let said = "";
  socket.setEncoding("utf8").on("data", (piece: string) => {
    said += piece;
  });
  socket.on("error", reject).on("end", () => resolve(said));
  try {
    return await within(COMMAND_DEADLINE_MS, `HAProxy: ${line}`, promise);
  } finally {
    socket.destroy();
  }
}
