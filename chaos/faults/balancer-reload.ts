import { setTimeout as wait } from "node:timers/promises";
import { allAnswer } from "../balancers.ts";
import { defineFault } from "../fault.ts";
import type { Balancer } from "../topology.ts";

/** Who held connections before each one's last reload. */
const formerWorkers = new WeakMap<Balancer, readonly number[]>();

export default defineFault({
  name: "balancer-reload",
  summary:
    "the balancer reads its configuration again; its old workers keep their connections until they are ended",
  requirement: ["E40"],
  on: "balancer",
  params: { graceMs: 1_000, drops: true },
  explain: {
    graceMs: "after so long the old workers are ended, and all of their connections with them",
    drops: "false: the old workers stay as long as anybody is connected through them",
  },
  bounds: { graceMs: [0, 3_500] },
  closes: [1006],
  drops: true,

  async inject(balancer, { graceMs, drops }) {
    const former = await balancer.workers();
    if (former.length === 0) throw new Error("the balancer is not running");
    formerWorkers.set(balancer, former);
    await balancer.reload();
    if (!drops) return { async [Symbol.asyncDispose]() {} };
    const hurry = new AbortController();
    const ended = wait(graceMs, undefined, { signal: hurry.signal })
      .catch(() => {})
      .then(() => balancer.endWorkers(former));
    ended.catch(() => {}); // the undo says it
    return {
      async [Symbol.asyncDispose]() {
        hurry.abort();
        await ended;
      },
    };
  },
  async observed(balancer, { drops }) {
    const former = formerWorkers.get(balancer) ?? [];
    const now = await balancer.workers();
    return now.some((pid) => !former.includes(pid)) && !(drops && now.some((pid) => former.includes(pid)));
  },
  healed: allAnswer,
});
