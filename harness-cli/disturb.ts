import type { Fault } from "../chaos/fault.ts";
import { conduct, type FaultWindow, type Stage } from "../chaos/timeline.ts";
import type { Port, Topology } from "../chaos/topology.ts";
import type { Plan } from "../reports/record/plan.ts";
import { type Catalog, find } from "./catalog.ts";

export interface Disturbance extends AsyncDisposable {
  /** The windows that could not be healed; resolves when all are over. */
  readonly finished: Promise<readonly FaultWindow[]>;
  /** Injects nothing more and undoes at once whatever is in force; `finished` says when that is done. */
  end(): void;
}

/** Conducts the plan's timeline beside the load. Disposing undoes at once whatever is still in force. */
export function disturb(
  plan: Plan,
  options: { readonly signal: AbortSignal; readonly stage: Stage },
): Disturbance {
  const leaving = new AbortController();
  const finished = conduct(
    plan.timeline,
    options.stage,
    AbortSignal.any([options.signal, leaving.signal]),
  ).then((result) => result.notHealed);
  finished.catch(() => {});
  return {
    finished,
    end: () => leaving.abort(),
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await finished.catch(() => {});
    },
  };
}

/** Every fault of the plan, found before anything starts. */
export async function faultsOf(plan: Plan, catalog: Catalog, cwd: string): Promise<(name: string) => Fault> {
  const faults = new Map<string, Fault>();
  for (const { fault } of plan.timeline) faults.set(fault, await find("fault", fault, catalog.faults, cwd));
  return (name) => faults.get(name) as Fault;
}

/** A link `server-1/redis`, a process or store by its plain name, as the fault wants it. */
export function portNamed(topology: Topology, name: string, on: Port["kind"]): Port {
  const ports: readonly Port[] = {
    link: topology.links,
    process: topology.processes,
    store: topology.stores,
    balancer: topology.balancers ?? [],
    shell: [],
  }[on];
  const port = ports.find((candidate) => candidate.name === name);
  if (!port) throw new Error(`the plan aims at ${on} ${name}, which this target does not have`);
  return port;
}
