import type { BalancerProgram } from "../../../reports/record/balancer.ts";
import { programOf } from "../balancer/program.ts";
import { BALANCER, CHECK_DEADLINE_MS, requireContent, type Seat } from "../balancer/seat.ts";
import { containerBox } from "./container-box.ts";
import { containerSpawner } from "./container-child.ts";
import type { ContainerPlace } from "./containers.ts";
import { DaemonRefused } from "./daemon.ts";
import { images } from "./images.ts";
import { PRINT_PROCESSES, startedByFirst } from "./processes-inside.ts";
import { runInside } from "./run-inside.ts";

export interface ContainerSeatOptions {
  readonly kind: BalancerProgram;
  readonly place: ContainerPlace;
  /** On 127.0.0.1, for the harness: where clients come in, and HAProxy's commands. */
  readonly port: number;
  readonly adminPort: number;
  /** By name, `host:port` in the containers' network. */
  readonly servers: Readonly<Record<string, string>>;
  readonly mirror: string;
}

/** In its container, where clients come in. */
export const BALANCER_PORT = 8080;
const ADMIN_PORT = 8081;
const FOLDER = "/balancer";
const MEMORY_BYTES = 512 * 2 ** 20;
/** As many as nginx is told; with what each costs HAProxy they fit into its memory. */
const CONNECTIONS = 8_192;
const COMMAND_DEADLINE_MS = 10_000;
const CONFLICT = 409;

/** The balancer in a container of the run's network. */
export function containerSeat(options: ContainerSeatOptions): Seat {
  const { kind, place, port, adminPort, servers, mirror } = options;
  const { fleet, logFile } = place;
  const program = programOf(kind, {
    folder: FOLDER,
    admin: { bind: `ipv4@0.0.0.0:${ADMIN_PORT}`, dial: { host: "127.0.0.1", port: adminPort } },
    connections: CONNECTIONS,
  });
  /** What it is made with, and what it was given since. */
  const files: Record<string, string> = { [`${FOLDER}/`]: "", [`${FOLDER}/temp/`]: "" };
  const command = [kind, ...program.args];
  const spec = {
    name: BALANCER,
    image: images[kind],
    command,
    ports: { [BALANCER_PORT]: port, ...(kind === "haproxy" ? { [ADMIN_PORT]: adminPort } : {}) },
    files,
    memoryBytes: MEMORY_BYTES,
    cpus: 1,
  };
  const run = (words: readonly string[], timeoutMs: number) => runInside(fleet, BALANCER, words, timeoutMs);
  return {
    program,
    process: {
      supervisor: containerSpawner(fleet, spec),
      box: containerBox(fleet, spec),
      spec: { name: BALANCER, command: spec.image, args: command, logFile: logFile(BALANCER) },
    },
    port,
    listen: `0.0.0.0:${BALANCER_PORT}`,
    servers,
    mirror,
    // Nobody but the balancer is in its container.
    nowhere: "127.0.0.1:1",
    async write(config) {
      files[program.configFile] = config;
      if (fleet.idOf(BALANCER) !== "") await fleet.put(BALANCER, { [program.configFile]: config });
    },
    async check() {
      const checked = await ifRunning(() => run([kind, ...program.checkArgs], CHECK_DEADLINE_MS));
      if (checked) requireContent(checked, images[kind], `${program.configFile} in container ${BALANCER}`);
    },
    async workers() {
      const printed = await ifRunning(() => run(PRINT_PROCESSES, COMMAND_DEADLINE_MS));
      return startedByFirst(printed?.output ?? "");
    },
    async end(pids) {
      // Says of each that is gone that it is gone, which is what was wanted.
      await ifRunning(() => run(["sh", "-c", `kill -TERM ${pids.join(" ")}; exit 0`], COMMAND_DEADLINE_MS));
    },
  };

  /** Undefined while there is none that runs; a frozen one is an error. */
  async function ifRunning<T>(act: () => Promise<T>): Promise<T | undefined> {
    if (fleet.idOf(BALANCER) === "") return undefined;
    try {
      return await act();
    } catch (error) {
      if (error instanceof DaemonRefused && error.status === CONFLICT && /is not running/.test(error.message))
        return undefined;
      throw error;
    }
  }
}
