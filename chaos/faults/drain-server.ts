import { serverOf, visitAll } from "../balancers.ts";
import { defineFault } from "../fault.ts";

export default defineFault({
  name: "drain-server",
  summary: "the balancer gives one server no new connection; whoever is there stays",
  requirement: ["E40"],
  on: "balancer",
  ofServer: true,
  params: {},
  explain: {},
  closes: [],
  drops: false,

  inject: (balancer) => balancer.alter({ drained: serverOf(balancer) }),
  async observed(balancer) {
    const visits = await visitAll(balancer);
    return visits.every((visit) => visit?.status === 200 && visit.server !== balancer.server);
  },
  healed: async (balancer) =>
    (await visitAll(balancer)).some((visit) => visit?.status === 200 && visit.server === balancer.server),
});
