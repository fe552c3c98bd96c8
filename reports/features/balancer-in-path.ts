import type { Feature } from "../feature.ts";
import { tellBalancer } from "../record/balancer.ts";

/** A circumstance: it tells B1 and B3 from B9, which closes idle connections without anybody between. */
const feature: Feature = {
  name: "balancer-in-path",
  summary: "a balancer stood between the clients and the servers",
  find({ plan }) {
    const balancer = plan.target.kind === "reference" ? plan.target.balancer : undefined;
    return balancer ? [{ text: tellBalancer({ ...balancer, defects: [] }) }] : [];
  },
};
export default feature;
