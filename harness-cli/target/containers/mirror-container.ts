import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { httpStatus } from "../answers.ts";
import { type OwnProcess, ownProcess } from "../process-port.ts";
import { containerSpawner } from "./container-child.ts";
import type { ContainerPlace } from "./containers.ts";
import { images } from "./images.ts";

export const MIRROR = "mirror";
const PORT = 8080;
/** In the containers' network. */
export const MIRROR_ADDRESS = `${MIRROR}:${PORT}`;
const MEMORY_BYTES = 256 * 2 ** 20;

/** Source in a checkout, JavaScript in the published package; Node 24 runs either. */
const extension = path.extname(fileURLToPath(import.meta.url));
const source = fileURLToPath(new URL(`../balancer/mirror${extension}`, import.meta.url));

/**
 * The far end of the balancer's own checks (`balancer/mirror.ts`) where the balancer reaches it: the harness listens on
 * 127.0.0.1 only, which is not the balancer's. `port`: on 127.0.0.1, to see that it answers.
 */
export async function mirrorContainer(
  port: number,
  { fleet, onEvent, logFile }: ContainerPlace,
): Promise<OwnProcess> {
  const program = `/mirror/mirror${extension}`;
  const args = ["node", program, "0.0.0.0", String(PORT)];
  return ownProcess({
    supervisor: containerSpawner(fleet, {
      name: MIRROR,
      image: images.node,
      command: args,
      ports: { [PORT]: port },
      files: {
        "/mirror/package.json": JSON.stringify({ type: "module" }),
        [program]: await readFile(source, "utf8"),
      },
      memoryBytes: MEMORY_BYTES,
      cpus: 1,
    }),
    onEvent,
    spec: { name: MIRROR, command: images.node, args, logFile: logFile(MIRROR) },
    answers: async (timeoutMs) => (await httpStatus(`http://127.0.0.1:${port}/`, timeoutMs)) === 200,
  });
}
