import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";
import { clientsByServer, scrapesByServer } from "../server-series.ts";

const GAUGE = "websocket_connections_active";
/** A scrape lies up to a second off, and the harness's own probe holds a few. */
const SLACK = 0.1;
const FEWEST = 3;
/** Longer than a server may take to notice an orderly close, shorter than any reaping. */
const LASTS_MS = 5_000;

/** B6, B11: the server counts clients that the clients themselves do not know of. */
const feature: Feature = {
  name: "gauge-above-clients",
  summary: "a server counted more connections than its clients had, for seconds",
  find(record) {
    const clientsAt = clientsByServer(record);
    return [...scrapesByServer(record)].flatMap(([server, scrapes]) => {
      let sinceMs: number | undefined;
      for (const { atMs, series } of scrapes) {
        const gauge = series[GAUGE];
        const clients = clientsAt(server, atMs);
        const isAbove = gauge !== undefined && gauge > clients + Math.max(FEWEST, SLACK * clients);
        if (!isAbove) {
          sinceMs = undefined;
          continue;
        }
        sinceMs ??= atMs;
        if (atMs - sinceMs < LASTS_MS) continue;
        return [
          {
            text: `${server} counted ${show(gauge)} connections at ${show(atMs)} ms where its clients had ${clients}, since ${show(sinceMs)} ms`,
            atMs,
            server,
          },
        ];
      }
      return [];
    });
  },
};
export default feature;
