import { ANSWER_MS } from "../balancers.ts";
import { defineFault } from "../fault.ts";
import type { Balancer, Tunnel } from "../topology.ts";

/** A machine without CPU closes late, and a check that is late must not call it early. */
const SLACK_MS = 1_000;

/** One that says nothing, opened when the fault began or ended. */
const quiet = new WeakMap<Balancer, Tunnel>();

// Longer ones are a defect's: an effect must be seen within the 5 s that a window has to show it.
export default defineFault({
  name: "idle-timeout",
  summary: "the balancer closes connections in which nothing moved for a short time, without a close frame",
  requirement: ["E32", "E37"],
  on: "balancer",
  params: { idleTimeoutMs: 2_000 },
  explain: {
    idleTimeoutMs:
      "silence in both directions after which it closes; not scaled. It hits whoever connects within the window: who is connected keeps the old limit (balancer-reload ends those)",
  },
  bounds: { idleTimeoutMs: [200, 3_500] },
  closes: [1006],
  drops: true,

  async inject(balancer, { idleTimeoutMs }) {
    const undo = await balancer.alter({ idleTimeoutMs });
    await listenAnew(balancer);
    return {
      async [Symbol.asyncDispose]() {
        await undo[Symbol.asyncDispose]();
        await listenAnew(balancer);
      },
    };
  },
  async observed(balancer, { idleTimeoutMs }) {
    const tunnel = quiet.get(balancer);
    if (tunnel?.status !== 101) {
      await listenAnew(balancer);
      return false;
    }
    const endedMs = tunnel.endedAfterMs();
    // An old worker may still have taken it in the moment of the reload.
    if (endedMs === undefined && tunnel.ageMs() > idleTimeoutMs + SLACK_MS) await listenAnew(balancer);
    return endedMs !== undefined && endedMs > idleTimeoutMs / 2;
  },
  async healed(balancer, { idleTimeoutMs }) {
    const tunnel = quiet.get(balancer);
    if (tunnel?.status !== 101 || tunnel.endedAfterMs() !== undefined) {
      await listenAnew(balancer);
      return false;
    }
    if (tunnel.ageMs() < idleTimeoutMs + SLACK_MS) return false;
    tunnel[Symbol.dispose]();
    quiet.delete(balancer);
    return true;
  },
});

async function listenAnew(balancer: Balancer): Promise<void> {
  quiet.get(balancer)?.[Symbol.dispose]();
  quiet.set(balancer, await balancer.tunnel(ANSWER_MS));
}
