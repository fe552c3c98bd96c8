import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";
import { scrapesByServer } from "../server-series.ts";

const BYTES = "websocket_send_queue_bytes";
/** The bound of one connection in the reference server and in S1: 512 KB. */
const BOUND_BYTES = 524_288;
/** So many scrapes in a row. */
const STEPS = 5;

/** B101: what waits for clients grows without anything that ends it. B105 has a bound in bytes and none in messages. */
const feature: Feature = {
  name: "queued-bytes-grow",
  summary:
    "the bytes that wait in a server for its clients kept growing, far over the bound of one connection",
  find(record) {
    return [...scrapesByServer(record)].flatMap(([server, scrapes]) => {
      let steps = 0;
      let before = 0;
      for (const { atMs, series } of scrapes) {
        const bytes = series[BYTES] ?? 0;
        steps = bytes > before ? steps + 1 : 0;
        before = bytes;
        if (steps < STEPS || bytes < 2 * BOUND_BYTES) continue;
        const text = `${server} held ${show(bytes)} bytes for its clients at ${show(atMs)} ms, still growing`;
        return [{ text, atMs, server }];
      }
      return [];
    });
  },
};
export default feature;
