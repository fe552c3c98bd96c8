import { defineFault } from "../fault.ts";
import type { Link, Stream } from "../topology.ts";

interface Params {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly stream: string;
}

interface Slowed {
  /** The quickest round trip before the first delay, ms. */
  baseMs: number;
  /** The delays in force, each window's parameters once. */
  readonly inForce: Params[];
}

/** What is known of each link: windows may overlap on one, and then their delays add up. */
const slowed = new WeakMap<Link, Slowed>();
let made = 0;

// Toxiproxy keeps up to 1,024 chunks of each connection in the latency's queue (E60): a client that reads slowly does
// not push back through it. For that there are half-open, frame-delay and bandwidth.
export default defineFault({
  name: "latency",
  summary: "every byte on the link arrives late, in order, with nothing lost",
  requirement: ["E1", "E2", "E18", "E27"],
  on: "link",
  params: { latencyMs: 100, jitterMs: 0, stream: "both" },
  explain: {
    latencyMs: "delay in each direction; with stream both a round trip takes twice this longer",
    jitterMs: "the delay varies by as much as this up and down; keep it below latencyMs",
    stream: "which direction is slow: downstream is from the server to whoever dialled, or both",
  },
  bounds: { latencyMs: [5, 60_000], jitterMs: [0, 60_000], stream: ["both", "upstream", "downstream"] },
  closes: [],
  drops: false,
  stacks: true,

  async inject(link, params) {
    const state = slowed.get(link) ?? { baseMs: 0, inForce: [] };
    slowed.set(link, state);
    if (state.inForce.length === 0) state.baseMs = await quickestRoundTripMs(link);

    const label = `latency-${++made}`;
    const toxics = streams(params.stream).map((stream) => ({
      name: `${label}-${stream}`,
      type: "latency" as const,
      stream,
      attributes: { latency: params.latencyMs, jitter: params.jitterMs },
    }));
    let there = true;
    const undo = async () => {
      for (const toxic of toxics) await link.removeToxic(toxic.name);
      if (there) state.inForce.splice(state.inForce.indexOf(params), 1);
      there = false;
    };
    state.inForce.push(params);
    try {
      for (const toxic of toxics) await link.addToxic(toxic);
    } catch (error) {
      await undo();
      throw error;
    }
    return { [Symbol.asyncDispose]: undo };
  },

  async observed(link, params) {
    const { baseMs, inForce } = slowed.get(link) ?? { baseMs: 0, inForce: [params] };
    const tripMs = await link.roundTripMs(patienceMs(baseMs, inForce));
    return tripMs !== undefined && tripMs >= baseMs + 0.8 * leastAddedMs(inForce);
  },

  async healed(link, params) {
    const { baseMs, inForce } = slowed.get(link) ?? { baseMs: 0, inForce: [] };
    // Still among them if its undo failed: then its own delay must not excuse itself.
    const own = inForce.indexOf(params);
    const others = own < 0 ? inForce : inForce.toSpliced(own, 1);
    const tripMs = await link.roundTripMs(patienceMs(baseMs, [...others, params]));
    return tripMs !== undefined && tripMs < baseMs + leastAddedMs(others) + 0.5 * leastAddedMs([params]);
  },
});

function streams(stream: string): readonly Stream[] {
  return stream === "both" ? ["upstream", "downstream"] : [stream as Stream];
}

/** To a round trip, by all of them together. */
function leastAddedMs(delays: readonly Params[]): number {
  let addedMs = 0;
  for (const { latencyMs, jitterMs, stream } of delays) {
    addedMs += streams(stream).length * Math.max(1, latencyMs - jitterMs);
  }
  return addedMs;
}

/** As long as they may take at most, and as long again as a busy machine may need. */
function patienceMs(baseMs: number, delays: readonly Params[]): number {
  let mostMs = baseMs + 2_000;
  for (const { latencyMs, jitterMs, stream } of delays)
    mostMs += streams(stream).length * (latencyMs + jitterMs);
  return mostMs;
}

/** The best of three: a busy machine must not pass for a slow link. 0 when nothing answers. */
async function quickestRoundTripMs(link: Link): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) quickest = Math.min(quickest, (await link.roundTripMs(1_000)) ?? quickest);
  return Number.isFinite(quickest) ? quickest : 0;
}
