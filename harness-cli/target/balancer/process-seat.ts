import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { kill } from "node:process";
import type { BalancerProgram } from "../../../reports/record/balancer.ts";
import { runCommand } from "../../provision/run-command.ts";
import type { ToolPath } from "../../provision/tools.ts";
import { descendantsOf } from "../process-tree.ts";
import type { Supervisor } from "../supervisor.ts";
import { programOf } from "./program.ts";
import { BALANCER, CHECK_DEADLINE_MS, requireContent, type Seat } from "./seat.ts";

export interface ProcessSeatOptions {
  readonly kind: BalancerProgram;
  readonly tool: ToolPath;
  readonly supervisor: Supervisor;
  readonly port: number;
  /** Where nobody ever listens. */
  readonly deadPort: number;
  /** By name, `host:port`. */
  readonly servers: Readonly<Record<string, string>>;
  readonly mirror: string;
  /** For its configuration; must exist. */
  readonly folder: string;
  readonly logFile: string;
}

/** The balancer as a process of this machine, on 127.0.0.1. */
export function processSeat(options: ProcessSeatOptions): Seat {
  const { kind, tool, supervisor, port, deadPort, servers, mirror, logFile } = options;
  const folder = path.join(options.folder, BALANCER);
  const socket = `${folder}/haproxy.sock`;
  // As root nginx's worker would become "nobody", who cannot enter our folder for what is too large for memory.
  const { uid, username } = os.userInfo();
  const program = programOf(kind, {
    folder,
    ...(uid === 0 ? { user: username } : {}),
    admin: { bind: `${socket} mode 600`, dial: { path: socket } },
  });
  return {
    program,
    process: { supervisor, spec: { name: BALANCER, command: tool.path, args: program.args, logFile } },
    port,
    listen: `127.0.0.1:${port}`,
    servers,
    mirror,
    nowhere: `127.0.0.1:${deadPort}`,
    async write(config) {
      await mkdir(path.join(folder, "temp"), { recursive: true });
      const part = `${program.configFile}.part`;
      await writeFile(part, config);
      await rename(part, program.configFile);
    },
    async check() {
      const checked = await runCommand(tool.path, program.checkArgs, {
        env: {},
        cwd: folder,
        timeoutMs: CHECK_DEADLINE_MS,
      });
      requireContent(checked, `${kind} ${tool.version}`, program.configFile);
    },
    workers: async (pid) =>
      descendantsOf(pid).map((worker) => {
        const title = titleOf(worker);
        return { pid: worker, ...(title === undefined ? {} : { title }) };
      }),
    async end(pids) {
      for (const pid of pids) end(pid);
    },
  };
}

/** Undefined where the operating system does not show it, and of one that is gone. */
function titleOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return undefined;
  }
}

function end(pid: number): void {
  try {
    kill(pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
