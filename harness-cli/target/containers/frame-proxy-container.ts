import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { linkFrames } from "../../../chaos/frame-proxy/client.ts";
import type { FrameProxyConfig } from "../../../chaos/frame-proxy/main.ts";
import type { Link } from "../../../chaos/topology.ts";
import { httpStatus } from "../answers.ts";
import { FRAME_PROXY } from "../frame-proxy-process.ts";
import { type OwnProcess, ownProcess } from "../process-port.ts";
import { containerSpawner } from "./container-child.ts";
import type { ContainerPlace } from "./containers.ts";
import { images } from "./images.ts";

/** Source in a checkout, JavaScript in the published package; Node 24 runs either. */
const extension = path.extname(fileURLToPath(import.meta.url));
const chaos = fileURLToPath(new URL("../../../chaos/", import.meta.url));
const MEMORY_BYTES = 512 * 2 ** 20;

/** One frame proxy for all links that need it, between Toxiproxy and the servers, from the files of this checkout. */
export async function frameProxyContainer(options: {
  readonly place: ContainerPlace;
  /** Of its control, on 127.0.0.1. */
  readonly port: number;
  readonly seed: number;
  readonly links: FrameProxyConfig["links"];
}): Promise<{ readonly process: OwnProcess; withFrames(link: Link): Link }> {
  const { place, port, seed, links } = options;
  const { fleet, onEvent, logFile } = place;
  const controlUrl = `http://127.0.0.1:${port}`;
  const config: FrameProxyConfig = { seed, controlPort: port, controlHost: "0.0.0.0", links };
  const args = ["node", `/chaos/frame-proxy/main${extension}`, "/chaos/config.json"];
  const process = ownProcess({
    supervisor: containerSpawner(fleet, {
      name: FRAME_PROXY,
      image: images.node,
      command: args,
      ports: { [port]: port },
      files: {
        "/chaos/package.json": JSON.stringify({ type: "module" }),
        "/chaos/config.json": JSON.stringify(config),
        ...(await program()),
      },
      memoryBytes: MEMORY_BYTES,
      cpus: 1,
    }),
    onEvent,
    spec: { name: FRAME_PROXY, command: images.node, args, logFile: logFile(FRAME_PROXY) },
    answers: async (timeoutMs) => (await httpStatus(`${controlUrl}/links`, timeoutMs)) === 200,
  });
  return {
    process,
    withFrames(link) {
      if (!links.some(({ name }) => name === link.name)) return link;
      // Not a copy: what the link says of itself may change.
      return Object.assign(link, { frames: linkFrames(controlUrl, link.name) });
    },
  };
}

/** Its own folder, and what lies beside it. */
async function program(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const folder of ["", "frame-proxy"]) {
    for (const name of await readdir(path.join(chaos, folder))) {
      if (!name.endsWith(extension) || /\.(test|d)\.\w+$/.test(name)) continue;
      files[path.posix.join("/chaos", folder, name)] = await readFile(path.join(chaos, folder, name), "utf8");
    }
  }
  return files;
}
