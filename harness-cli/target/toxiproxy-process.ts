import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Link } from "../../chaos/topology.ts";
import { type LinkOptions, listening, proxyConfig, toxiproxyLink } from "../../chaos/toxiproxy.ts";
import { SeaworthyError } from "../errors.ts";
import type { Tools } from "../provision/tools.ts";
import { httpStatus } from "./answers.ts";
import { type OwnProcess, ownProcess, type ProcessNews } from "./process-port.ts";
import type { Supervisor } from "./supervisor.ts";

export interface ToxiproxyOptions {
  readonly name: string;
  readonly tools: Pick<Tools, "toxiproxy">;
  readonly supervisor: Supervisor;
  readonly onEvent: (event: ProcessNews) => void;
  /** Of its API. */
  readonly port: number;
  /** For its configuration. */
  readonly folder: string;
  readonly logFile: string;
  readonly links: readonly Omit<LinkOptions, "apiUrl">[];
}

export interface ToxiproxyProcess {
  readonly process: OwnProcess;
  readonly links: readonly Link[];
  /** Resolves when every proxy listens. */
  start(): Promise<void>;
}

/** What a connection through a proxy costs it: one descriptor to each side. */
const DESCRIPTORS_PER_CONNECTION = 2;
/** The rest is for its listeners, the stores' connections, and clients that come over from an instance that is gone. */
const FOR_CLIENTS = 0.7;

/**
 * How many Toxiproxies the links of so many clients need. One is enough for most runs; for more clients than one has
 * descriptors for there are several, but no more than one for the links of each instance.
 */
export function proxiesFor(clients: number, instances: number, descriptors: number): number {
  const needed = Math.ceil((clients * DESCRIPTORS_PER_CONNECTION) / (descriptors * FOR_CLIENTS));
  return Math.min(instances, Math.max(1, needed));
}

/** One Toxiproxy for these links. It has them from its configuration file, so it also has them after a restart. */
export function toxiproxyProcess(options: ToxiproxyOptions): ToxiproxyProcess {
  const { name, tools, supervisor, onEvent, port, folder, logFile, links } = options;
  const apiUrl = `http://127.0.0.1:${port}`;
  const configFile = path.join(folder, `${name}.json`);
  const process = ownProcess({
    supervisor,
    onEvent,
    spec: {
      name,
      command: tools.toxiproxy.path,
      args: ["-host", "127.0.0.1", "-port", String(port), "-config", configFile],
      logFile,
    },
    answers: async (timeoutMs) => (await httpStatus(`${apiUrl}/version`, timeoutMs)) === 200,
  });
  return {
    process,
    links: links.map((link) => toxiproxyLink({ apiUrl, ...link })),
    async start() {
      await writeFile(configFile, proxyConfig(links));
      await process.start();
      // It reads its configuration before its API listens, and goes on without the proxies that it could not open.
      const names = links.map((link) => link.name);
      const there = await listening(apiUrl, names);
      const missing = names.filter((name) => !there.includes(name));
      if (missing.length === 0) return;
      throw new ProxiesMissing(missing, logFile);
    },
  };
}

/** The only cause we know of is a port that someone else was quicker to take. */
export class ProxiesMissing extends SeaworthyError {
  constructor(missing: readonly string[], logFile: string) {
    super("SW_START_FAILED", `Toxiproxy could not listen for ${missing.join(", ")}`, `see ${logFile}`);
  }
}
