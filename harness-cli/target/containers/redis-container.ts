import { roundTrip } from "../../../chaos/round-trip.ts";
import type { Link, RedisReplica, RedisStore } from "../../../chaos/topology.ts";
import { choosePorts } from "../ports.ts";
import { type OwnProcess, ownProcess } from "../process-port.ts";
import { commandOn, follow } from "../redis.ts";
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
  const command = commandOn(port);
  const address = `redis:${REDIS_PORT}`;
  let replicas = 0;
  return {
    kind: "store",
    name: "redis",
    engine: "redis",
    url: `redis://127.0.0.1:${port}`,
    address,
    process,
    links,
    command,
    follow: (to) => follow(command, to),
    async startReplica(): Promise<RedisReplica> {
      const name = `redis-replica-${++replicas}`;
      const own = (await choosePorts([name]))[name] as number;
      const replica = redisContainer(name, own, place);
      await replica.start();
      try {
        await follow(commandOn(own), address);
      } catch (error) {
        await replica.stop();
        throw error;
      }
      return {
        address: `${name}:${REDIS_PORT}`,
        command: commandOn(own),
        [Symbol.asyncDispose]: () => replica.stop(),
      };
    },
  };
}
