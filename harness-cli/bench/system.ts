import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { roundTrip } from "../../chaos/round-trip.ts";
import type { Tools } from "../provision/tools.ts";
import { httpStatus } from "../target/answers.ts";
import { choosePorts } from "../target/ports.ts";
import {
  answersQueries,
  asPostgresWants,
  database,
  makeDataFolder,
  postgresSettings,
} from "../target/postgres.ts";
import { type OwnProcess, ownProcess } from "../target/process-port.ts";
import type { Supervisor } from "../target/supervisor.ts";

export const ORIGIN = "https://seaworthy.example";
const REFERENCE_SERVER = fileURLToPath(new URL("../../target-server/main.ts", import.meta.url));
const BARE_SERVER = fileURLToPath(new URL("./programs/bare-server.ts", import.meta.url));
const COLLECT_ON_SIGNAL = fileURLToPath(new URL("./programs/collect-on-signal.mjs", import.meta.url));

/** What is measured is the server's speed, not its manners: every limit that would hold the bench back is out of the way. */
const OUT_OF_THE_WAY: Readonly<Record<string, string>> = {
  LOG_LEVEL: "warn",
  MAX_CONNECTIONS: "20000",
  HANDSHAKE_RATE: "off",
  USER_RATE: "off",
  SESSION_RATE: "off",
};

export interface ServerProcess {
  readonly name: string;
  readonly url: string;
  readonly metricsUrl: string;
  readonly process: OwnProcess;
}

/** The stores, without proxies in between, and servers as they are asked for; all on 127.0.0.1. */
export interface BenchSystem {
  readonly secret: string;
  readonly redisPort: number;
  readonly databaseUrl: string;
  /** Resolves when it is ready. `env` overrides what the bench sets. */
  startReference(name: string, env?: Readonly<Record<string, string>>): Promise<ServerProcess>;
  startBare(name: string): Promise<ServerProcess>;
}

/** @throws SeaworthyError SW_START_FAILED */
export async function startSystem(
  supervisor: Supervisor,
  tools: Pick<Tools, "node" | "redis" | "postgres">,
  logFolder: string,
): Promise<BenchSystem> {
  await mkdir(logFolder, { recursive: true });
  const folder = await supervisor.temporaryFolder("bench");
  const ports = await choosePorts(["redis", "postgres"]);
  const secret = randomBytes(32).toString("hex");
  const logFile = (name: string) => path.join(logFolder, `${name}.log`);
  const own = { supervisor, onEvent: () => {} };

  const redis = ownProcess({
    ...own,
    spec: {
      name: "redis",
      command: tools.redis.path,
      args: [
        ...["--port", String(ports.redis), "--bind", "127.0.0.1", "--dir", folder],
        ...["--save", "", "--appendonly", "no", "--daemonize", "no"],
      ],
      logFile: logFile("redis"),
    },
    answers: async (timeoutMs) =>
      (await roundTrip({ host: "127.0.0.1", port: ports.redis }, "redis", timeoutMs)) !== undefined,
  });
  const dataFolder = path.join(folder, "postgres");
  const settings = Object.entries(postgresSettings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const postgres = ownProcess({
    ...own,
    spec: {
      name: "postgres",
      ...asPostgresWants(path.join(tools.postgres.path, "postgres"), [
        ...["-D", dataFolder, "-p", String(ports.postgres)],
        ...settings,
      ]),
      logFile: logFile("postgres"),
      stopSignal: "SIGQUIT",
    },
    answers: (timeoutMs) => answersQueries(ports.postgres, timeoutMs),
  });
  await makeDataFolder({ folder: dataFolder, tools, supervisor, logFile: logFile("postgres") });
  await Promise.all([redis.start(), postgres.start()]);

  /** Resolves when `page` is answered by 200. */
  async function start(
    name: string,
    page: string,
    argsOf: (port: number) => readonly string[],
    envOf: (port: number) => Readonly<Record<string, string>>,
  ): Promise<ServerProcess> {
    const { server: port } = await choosePorts(["server"]);
    const url = `http://127.0.0.1:${port}`;
    const process = ownProcess({
      ...own,
      spec: {
        name,
        command: tools.node.path,
        args: ["--expose-gc", "--import", COLLECT_ON_SIGNAL, ...argsOf(port)],
        env: envOf(port),
        logFile: logFile(name),
      },
      answers: async (timeoutMs) => (await httpStatus(`${url}${page}`, timeoutMs)) === 200,
    });
    await process.start();
    return { name, url: `ws://127.0.0.1:${port}/ws`, metricsUrl: `${url}/metrics`, process };
  }

  const databaseUrl = `postgres://${database.user}@127.0.0.1:${ports.postgres}/${database.name}`;
  return {
    secret,
    redisPort: ports.redis,
    databaseUrl,
    startReference: (name, env = {}) =>
      start(
        name,
        "/health/ready",
        () => [REFERENCE_SERVER],
        (port) => ({
          HOST: "127.0.0.1",
          PORT: String(port),
          SERVER_ID: name,
          REDIS_HOST: "127.0.0.1",
          REDIS_PORT: String(ports.redis),
          DB_HOST: "127.0.0.1",
          DB_PORT: String(ports.postgres),
          DB_NAME: database.name,
          DB_USERNAME: database.user,
          DB_PASSWORD: database.password,
          JWT_SECRET: secret,
          ALLOWED_ORIGINS: ORIGIN,
          ...OUT_OF_THE_WAY,
          ...env,
        }),
      ),
    startBare: (name) =>
      start(
        name,
        "/",
        (port) => [BARE_SERVER, String(port), databaseUrl],
        () => ({}),
      ),
  };
}
