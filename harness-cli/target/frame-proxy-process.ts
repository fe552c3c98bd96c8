import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { linkFrames } from "../../chaos/frame-proxy/client.ts";
import type { FrameProxyConfig } from "../../chaos/frame-proxy/main.ts";
import type { Link, LinkFrames } from "../../chaos/topology.ts";
import type { Plan } from "../../reports/record/plan.ts";
import { thisMachine } from "../provision/machine.ts";
import type { Tools } from "../provision/tools.ts";
import { httpStatus } from "./answers.ts";
import { compileCache } from "./compile-cache.ts";
import { type OwnProcess, ownProcess, type ProcessNews } from "./process-port.ts";
import type { Supervisor } from "./supervisor.ts";

export interface FrameProxyOptions {
  readonly tools: Pick<Tools, "node">;
  readonly supervisor: Supervisor;
  readonly onEvent: (event: ProcessNews) => void;
  /** Of its control. */
  readonly port: number;
  /** For its configuration. */
  readonly folder: string;
  readonly logFile: string;
  readonly seed: number;
  readonly links: FrameProxyConfig["links"];
}

export interface FrameProxyProcess {
  readonly process: OwnProcess;
  /** Resolves when every link listens. */
  start(): Promise<void>;
  /** Of one of the links. */
  frames(linkName: string): LinkFrames;
  /** The same link, and its frames where this proxy is part of it. */
  withFrames(link: Link): Link;
}

/** The proxy runs from source here and as JavaScript in the published package. */
const program = fileURLToPath(
  new URL(`../../chaos/frame-proxy/main${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

/** The links of clients on which a fault of the plan acts on single frames: only these get the frame proxy. */
export function linksWithFrames(plan: Pick<Plan, "timeline">): ReadonlySet<string> {
  return new Set(plan.timeline.filter(({ frames }) => frames).map(({ target }) => target));
}

/** How its ports are called among the others. */
export const FRAME_PROXY = "frame-proxy";
export function behindFrameProxy(linkName: string): string {
  return `${linkName}/frames`;
}

/** One frame proxy for all links that need it, between Toxiproxy and the servers. */
export function frameProxyProcess(options: FrameProxyOptions): FrameProxyProcess {
  const { tools, supervisor, onEvent, port, folder, logFile, seed, links } = options;
  const controlUrl = `http://127.0.0.1:${port}`;
  const configFile = path.join(folder, "frame-proxy.json");
  const config: FrameProxyConfig = { seed, controlPort: port, links };
  const process = ownProcess({
    supervisor,
    onEvent,
    spec: {
      name: FRAME_PROXY,
      command: tools.node.path,
      args: [program, configFile],
      env: compileCache(thisMachine()),
      logFile,
    },
    answers: async (timeoutMs) => (await httpStatus(`${controlUrl}/links`, timeoutMs)) === 200,
  });
  return {
    process,
    async start() {
      await writeFile(configFile, JSON.stringify(config));
      await process.start();
    },
    frames: (linkName) => linkFrames(controlUrl, linkName),
    withFrames(link) {
      if (!links.some(({ name }) => name === link.name)) return link;
      // Not a copy: what the link says of itself may change.
      return Object.assign(link, { frames: linkFrames(controlUrl, link.name) });
    },
  };
}
