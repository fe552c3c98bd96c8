import type { Box, Limits } from "../../../chaos/topology.ts";
import { ask } from "./daemon.ts";
import { type ContainerSpec, type Fleet, shareOf } from "./fleet.ts";

/** The part of `docker stats` that we read. */
interface Stats {
  readonly memory_stats: { readonly usage: number };
  readonly cpu_stats: { readonly throttling_data: { readonly throttled_time: number } };
}

/** Its network and its share of the CPUs. */
export function containerBox(fleet: Fleet, spec: ContainerSpec): Box {
  const { name } = spec;
  return {
    unplug: () => fleet.plug(name, false),
    plugIn: () => fleet.plug(name, true),
    async setCpus(cpus = spec.cpus) {
      await update(fleet, spec, { cpus });
    },
    throttledMs: async () =>
      (await statsOf(fleet, name)).cpu_stats.throttling_data.throttled_time / NANOSECONDS_A_MS,
  };
}

const NANOSECONDS_A_MS = 1e6;
const ATTEMPTS = 10;
/** More than a busy server takes between two of our calls. */
const SPARE_BYTES = 2 ** 20;

/** Its memory, as `address-space`: what it was made with counts as unlimited. Files cannot be limited from outside. */
export function containerLimits(fleet: Fleet, spec: ContainerSpec): Limits {
  const { name, memoryBytes } = spec;
  const onlyMemory = (resource: string) => {
    if (resource !== "address-space")
      throw new Error(`${name} is a container: its ${resource} cannot be limited`);
  };
  return {
    async get(resource) {
      onlyMemory(resource);
      const { HostConfig } = await ask(`a look at ${name}`, containerOf(fleet, name).inspect());
      return HostConfig.Memory === memoryBytes ? undefined : HostConfig.Memory;
    },
    async set(resource, limit = memoryBytes) {
      onlyMemory(resource);
      for (let attempt = 1, bytes = limit; ; attempt++) {
        try {
          return await update(fleet, spec, { memoryBytes: bytes });
        } catch (error) {
          // cgroups v1 take no limit below what is held, and it grew while we asked.
          if (attempt === ATTEMPTS || !/unable to set memory limit/.test((error as Error).message))
            throw error;
          bytes = Math.max(bytes, (await statsOf(fleet, name)).memory_stats.usage) + SPARE_BYTES;
        }
      }
    },
    async inUse(resource) {
      onlyMemory(resource);
      return (await statsOf(fleet, name)).memory_stats.usage;
    },
  };
}

async function update(fleet: Fleet, spec: ContainerSpec, share: Partial<ContainerSpec>): Promise<void> {
  await ask(
    `the share of ${spec.name}`,
    containerOf(fleet, spec.name).update(shareOf({ ...spec, ...share })),
  );
}

async function statsOf(fleet: Fleet, name: string): Promise<Stats> {
  const options = { stream: false, "one-shot": true } as const;
  return (await ask(`what ${name} uses`, containerOf(fleet, name).stats(options))) as unknown as Stats;
}

function containerOf(fleet: Fleet, name: string) {
  return fleet.docker.getContainer(fleet.idOf(name));
}
