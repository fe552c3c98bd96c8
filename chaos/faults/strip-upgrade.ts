import { ANSWER_MS } from "../balancers.ts";
import { defineFault } from "../fault.ts";

export default defineFault({
  name: "strip-upgrade",
  summary: "the balancer passes no Upgrade header on: every new handshake arrives as a plain GET",
  requirement: ["E33"],
  on: "balancer",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  inject: (balancer) => balancer.alter({ passesUpgrade: false }),
  async observed(balancer) {
    const behind = await balancer.handshakeBehind(ANSWER_MS);
    return behind?.http !== undefined && behind.upgrade === undefined;
  },
  healed: async (balancer) => (await balancer.handshakeBehind(ANSWER_MS))?.upgrade === "websocket",
});
