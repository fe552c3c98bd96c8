import { ANSWER_MS } from "../balancers.ts";
import { defineFault } from "../fault.ts";
import type { Balancer } from "../topology.ts";

const FULL = 503;

export default defineFault({
  name: "connection-limit",
  summary: "the balancer takes only so many connections more and refuses all others with 503",
  requirement: ["E37"],
  on: "balancer",
  params: { spareConnections: 10 },
  explain: {
    spareConnections:
      "how many it takes from the beginning of the window on; who is connected already does not count",
  },
  bounds: { spareConnections: [1, 200] },
  closes: [],
  drops: false,

  inject: (balancer, { spareConnections }) => balancer.alter({ connectionsMax: spareConnections }),
  observed: async (balancer, { spareConnections }) =>
    (await oneTooMany(balancer, spareConnections)).includes(FULL),
  healed: async (balancer, { spareConnections }) =>
    (await oneTooMany(balancer, spareConnections)).every((status) => status === 101),
});

/** What each of them was answered, all open at the same time. */
async function oneTooMany(balancer: Balancer, spare: number): Promise<readonly (number | undefined)[]> {
  using tunnels = new DisposableStack();
  const statuses: (number | undefined)[] = [];
  for (let i = 0; i <= spare; i++) statuses.push(tunnels.use(await balancer.tunnel(ANSWER_MS)).status);
  return statuses;
}
