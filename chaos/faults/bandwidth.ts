import { defineFault } from "../fault.ts";
import { slowedCarry } from "../slowed-carry.ts";
import { addToxics, STREAMS } from "../toxics.ts";

const carried = slowedCarry();

export default defineFault({
  name: "bandwidth",
  summary: "the link is thin: each connection gets so many kilobytes a second",
  requirement: ["E3", "E24"],
  on: "link",
  params: { rateKBps: 8, stream: "downstream" },
  explain: {
    // E61. Measured with 2.12: rate 0 passes nothing at all, not even in the end, and is no longer "unlimited".
    rateKBps:
      "kB (1,000 bytes) per second and connection, at least 1: what 0 means differs between Toxiproxies",
    stream: "which direction is thin: downstream is from the server to whoever dialled, or both",
  },
  bounds: { rateKBps: [1, 256], stream: STREAMS },
  closes: [],
  drops: false,

  async inject(link, { rateKBps, stream }) {
    await carried.before(link, stream, rateKBps);
    return addToxics(link, { type: "bandwidth", attributes: { rate: rateKBps } }, stream);
  },
  observed: (link, { stream }) => carried.isSlow(link, stream),
  healed: (link, { stream }) => carried.isQuick(link, stream),
});
