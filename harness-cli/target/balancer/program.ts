import { createConnection, type NetConnectOpts } from "node:net";
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
  /** Does an old worker say by its title that it takes nobody new any more? Absent where one cannot see that. */
  isLeaving?(title: string): boolean;
  /** Changes who gets new connections without a reload. Absent: it needs one. */
  drain?(server: string, isDrained: boolean): Promise<void>;
}

/** What the program finds around it where it runs. */
export interface Surroundings {
  /** Its own, as it sees it. */
  readonly folder: string;
  /** Whom nginx's worker runs as. Absent: whom its builder chose. */
  readonly user?: string;
  /** HAProxy's commands: how `stats socket` has the address, and how we dial it. */
  readonly admin: { readonly bind: string; readonly dial: NetConnectOpts };
  /** The most that HAProxy prepares for. Absent: as many as it may open files for, which can be a billion. */
  readonly connections?: number;
}

const COMMAND_DEADLINE_MS = 3_000;

export function programOf(kind: BalancerProgram, around: Surroundings): Program {
  return kind === "nginx" ? nginx(around) : haproxy(around);
}

function nginx({ folder, user }: Surroundings): Program {
  // The prefix must end with a slash; without `-e` it opens its compiled-in log file first.
  const args = ["-p", `${folder}/`, "-c", "nginx.conf", "-e", "stderr"];
  return {
    configFile: `${folder}/nginx.conf`,
    config: (settings) => nginxConfig(settings, user),
    args,
    checkArgs: [...args, "-t"],
    reloadSignal: "SIGHUP",
    isLeaving: (title) => title.includes("shutting down"),
  };
}

function haproxy({ folder, admin, connections }: Surroundings): Program {
  const configFile = `${folder}/haproxy.cfg`;
  return {
    configFile,
    config: (settings) => haproxyConfig(settings, admin.bind, connections),
    args: ["-W", "-db", "-f", configFile],
    checkArgs: ["-c", "-f", configFile],
    reloadSignal: "SIGUSR2",
    async drain(server, isDrained) {
      for (const backend of ["servers", "in-turn"]) {
        const line = `set weight ${backend}/${server} ${isDrained ? 0 : 100}`;
        const said = await command(admin.dial, line);
        // Done is an empty line; nothing at all is somebody else's answer, in whose place Docker takes connections.
        if (said === "" || said.trim() !== "")
          throw new Error(`HAProxy: ${said.trim() || `no answer to ${line}`}`);
      }
    },
  };
}

/** One command to HAProxy: what it said. */
async function command(to: NetConnectOpts, line: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = createConnection(to, () => socket.write(`${line}\n`));
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
