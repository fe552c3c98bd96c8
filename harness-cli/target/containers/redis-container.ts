import { roundTrip } from "../../../chaos/round-trip.ts";
import type { Link, RedisStore } from "../../../chaos/topology.ts";
import { type OwnProcess, ownProcess } from "../process-port.ts";
import { storeWithReplicas } from "../redis.ts";
import { containerBox, containerLimits } from "./container-box.ts";
import { containerSpawner } from "./container-child.ts";
import type { ContainerPlace } from "./containers.ts";
import { images } from "./images.ts";

export const REDIS_PORT = 6379;
const MEMORY_BYTES = 512 * 2 ** 20;

/** Without persistence, as `redisProcess`: a restart loses everything, which is what a fault on it means (E20). */
export function redisContainer(name: string, port: number, place: ContainerPlace): OwnProcess {
  const { fleet, onEvent, logFile } = place;
  const args = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"];
  const spec = {
    name,
    image: images.redis,
    command: args,
    ports: { [REDIS_PORT]: port },
    memoryBytes: MEMORY_BYTES,
    cpus: 1,
  };
  return ownProcess({
    supervisor: containerSpawner(fleet, spec),
    limits: containerLimits(fleet, spec),
    box: containerBox(fleet, spec),
    onEvent,
    spec: { name, command: images.redis, args, logFile: logFile(name) },
    answers: async (timeoutMs) =>
      (await roundTrip({ host: "127.0.0.1", port }, "redis", timeoutMs)) !== undefined,
  });
}

/** Its own address and that of its replicas are those of the network that the links dial in. */
export function redisContainerStore(options: {
  readonly process: OwnProcess;
  readonly port: number;
  readonly links: readonly Link[];
  readonly place: ContainerPlace;
}): RedisStore {
  const { process, port, links, place } = options;
  return storeWithReplicas({
    ...{ process, port, links },
    address: `redis:${REDIS_PORT}`,
    replica: (name, own) => ({
      process: redisContainer(name, own, place),
      address: `${name}:${REDIS_PORT}`,
    }),
  });
}
