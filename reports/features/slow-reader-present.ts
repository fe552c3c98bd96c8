import type { Feature } from "../feature.ts";
import { plural } from "../measure.ts";

/** A circumstance: somebody did not read, on purpose. */
const feature: Feature = {
  name: "slow-reader-present",
  summary: "clients that do not read were there, on purpose",
  find: ({ plan }) =>
    plan.roles
      .filter(({ provokes, clients }) => provokes.includes(1_013) && clients > 0)
      .map(({ name, clients }) => ({ text: `${plural(clients, "client")} of the role ${name}` })),
};
export default feature;
