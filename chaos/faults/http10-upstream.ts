import { ANSWER_MS } from "../balancers.ts";
import { defineFault } from "../fault.ts";

// HAProxy always speaks HTTP/1.1 to its servers and has no switch for it.
export default defineFault({
  name: "http10-upstream",
  summary: "the balancer speaks HTTP/1.0 to the servers, as nginx does when nobody says otherwise",
  requirement: ["E34"],
  on: "balancer",
  program: "nginx",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  inject: (balancer) => balancer.alter({ upstreamHttp: "1.0" }),
  observed: async (balancer) => (await balancer.handshakeBehind(ANSWER_MS))?.http === "1.0",
  healed: async (balancer) => (await balancer.handshakeBehind(ANSWER_MS))?.http === "1.1",
});
