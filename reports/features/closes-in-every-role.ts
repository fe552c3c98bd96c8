import { closesByRole } from "../closes-by-role.ts";
import type { Feature } from "../feature.ts";
import { plural } from "../measure.ts";

const FEWEST = 5;

/** B3: whoever beats is hit as well, so the beats do not help. */
const feature: Feature = {
  name: "closes-in-every-role",
  summary: "every kind of client lost connections, whatever it does",
  find(record) {
    const { roles, closes } = closesByRole(record);
    const counts = [...closes].map(([role, all]) => ({ role, count: all.length }));
    if (roles < 2 || closes.size < roles || counts.some(({ count }) => count < FEWEST)) return [];
    return counts.map(({ role, count }) => ({ text: `${role}: ${plural(count, "close")}` }));
  },
};
export default feature;
