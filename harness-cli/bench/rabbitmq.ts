import { realpath, writeFile } from "node:fs/promises";
import path from "node:path";
import { thisMachine } from "../provision/machine.ts";
import { isExecutable, onPath } from "../provision/search.ts";
import { choosePorts } from "../target/ports.ts";
import { type OwnProcess, ownProcess } from "../target/process-port.ts";
import type { Supervisor } from "../target/supervisor.ts";
import { groupOf } from "./process-cost.ts";
import { emptyTally, Wire } from "./wire.ts";

export interface RabbitMq {
  readonly version: string;
  readonly url: string;
  pids(): Promise<number[]>;
}

/**
 * RabbitMQ with its web-stomp plugin, on loopback with a data folder of its own; undefined, and why, where it is not
 * installed or does not start. Never a reason for the bench to fail.
 */
export async function startRabbitMq(
  supervisor: Supervisor,
  logFolder: string,
): Promise<{ readonly broker: RabbitMq } | { readonly why: string; readonly broker?: undefined }> {
  const program = await findProgram();
  if (program === undefined) return { why: "rabbitmq-server is not on this machine" };
  const [epmd] = await onPath(thisMachine(), ["epmd"]);
  if (epmd === undefined) return { why: "epmd, which rabbitmq-server needs, is not on this machine" };
  const ports = await choosePorts(["epmd", "dist", "amqp", "stomp", "web"]);
  const folder = await supervisor.temporaryFolder("rabbitmq");
  const config = path.join(folder, "rabbitmq.conf");
  const plugins = path.join(folder, "enabled_plugins");
  await writeFile(
    config,
    [
      `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
      `stomp.listeners.tcp.1 = 127.0.0.1:${ports.stomp}`,
      "web_stomp.tcp.ip = 127.0.0.1",
      `web_stomp.tcp.port = ${ports.web}`,
      "web_stomp.tcp.backlog = 4096",
      "",
    ].join("\n"),
  );
  await writeFile(plugins, "[rabbitmq_web_stomp].\n");
  const env = {
    HOME: folder,
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_EPMD_PORT: String(ports.epmd),
    RABBITMQ_NODENAME: "seaworthy-bench@localhost",
    RABBITMQ_DIST_PORT: String(ports.dist),
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_MNESIA_BASE: path.join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: path.join(folder, "log"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
  };
  const url = `ws://127.0.0.1:${ports.web}/ws`;
  try {
    await supervisor.spawn({
      name: "epmd",
      command: epmd,
      args: ["-address", "127.0.0.1", "-port", String(ports.epmd)],
      logFile: path.join(logFolder, "epmd.log"),
    });
    const broker = ownProcess({
      supervisor,
      onEvent: () => {},
      spec: {
        name: "rabbitmq",
        command: program,
        args: [],
        env,
        logFile: path.join(logFolder, "rabbitmq.log"),
        graceMs: 10_000,
      },
      answers: () => opens(url),
    });
    await startSlowly(broker);
    return {
      broker: { version: await versionOf(program), url, pids: async () => groupOf(broker.pid() ?? 0) },
    };
  } catch (error) {
    return { why: `RabbitMQ did not start: ${error instanceof Error ? error.message : error}` };
  }
}

/** It takes 5 to 30 s, more than the processes of a run may. */
async function startSlowly(broker: OwnProcess): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await (attempt === 1 ? broker.start() : broker.becomeReady());
    } catch (error) {
      if (attempt === START_ATTEMPTS || broker.pid() === undefined) throw error;
    }
  }
}

/** Of 15 s each. */
const START_ATTEMPTS = 4;

/** Debian's program on the PATH is a wrapper that changes the user; the one behind it runs as whoever starts it. */
async function findProgram(): Promise<string | undefined> {
  const [found] = await onPath(thisMachine(), ["rabbitmq-server"]);
  if (found === undefined) return undefined;
  const real = await realpath(found);
  const behind = path.join(path.dirname(real), "rabbitmq-server");
  return path.basename(real) === "rabbitmq-script-wrapper" && (await isExecutable(behind)) ? behind : found;
}

async function opens(url: string): Promise<boolean> {
  try {
    (await Wire.open(url, emptyTally(), { "Sec-WebSocket-Protocol": "v12.stomp" })).close();
    return true;
  } catch {
    return false;
  }
}

async function versionOf(program: string): Promise<string> {
  return /rabbitmq_server-([\d.]+)/.exec(await realpath(program))?.[1] ?? "unknown";
}
