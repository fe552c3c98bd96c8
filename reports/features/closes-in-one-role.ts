import { closesByRole } from "../closes-by-role.ts";
import type { Feature } from "../feature.ts";
import { plural } from "../measure.ts";
import { tellClose } from "../unasked-closes.ts";

const FEWEST = 5;

/** B1: it hits those who are silent, and nobody who beats. */
const feature: Feature = {
  name: "closes-in-one-role",
  summary: "of several kinds of clients only one lost connections",
  find(record) {
    const { roles, closes } = closesByRole(record);
    const [only] = closes;
    if (roles < 2 || closes.size !== 1 || !only || only[1].length < FEWEST) return [];
    const [role, all] = only;
    return [
      {
        text: `all ${plural(all.length, "close")} hit clients of ${role}, one of ${roles} roles`,
      },
      ...all.slice(0, 5).map(tellClose),
    ];
  },
};
export default feature;
