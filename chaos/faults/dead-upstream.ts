import { allAnswer, serverOf, visitAll } from "../balancers.ts";
import { defineFault } from "../fault.ts";

/** Bad gateway, unavailable, gateway time-out: nginx says the first, HAProxy the second. */
const NOBODY_THERE: readonly number[] = [502, 503, 504];

export default defineFault({
  name: "dead-upstream",
  summary:
    "the balancer looks for one server where nobody listens and tries no other: its share is refused with 502 or 503",
  requirement: ["E36"],
  on: "balancer",
  ofServer: true,
  params: {},
  explain: {},
  closes: [],
  drops: false,

  inject: (balancer) => balancer.alter({ dead: serverOf(balancer), failsOver: false }),
  observed: async (balancer) =>
    (await visitAll(balancer)).some((visit) => visit !== undefined && NOBODY_THERE.includes(visit.status)),
  healed: allAnswer,
});
