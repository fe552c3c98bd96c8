import type { Balancer } from "./topology.ts";

/** For one answer of a balancer on this machine, also a busy one. */
export const ANSWER_MS = 1_500;

/** Twice round: what every server answers. Undefined stands for no answer. */
export async function visitAll(
  balancer: Balancer,
): Promise<readonly Awaited<ReturnType<Balancer["visit"]>>[]> {
  const visits = [];
  for (let i = 0; i < 2 * balancer.servers.length; i++) visits.push(await balancer.visit(ANSWER_MS));
  return visits;
}

/** Nobody was refused on the way. */
export async function allAnswer(balancer: Balancer): Promise<boolean> {
  return (await visitAll(balancer)).every((visit) => visit?.status === 200);
}

/** @throws when the fault was aimed at the balancer as a whole. */
export function serverOf(balancer: Balancer): string {
  if (balancer.server === undefined) throw new Error(`${balancer.name} is no single server`);
  return balancer.server;
}
