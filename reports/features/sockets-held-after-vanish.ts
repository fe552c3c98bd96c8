import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";
import { clientsByServer, scrapesByServer } from "../server-series.ts";

const DESCRIPTORS = "process_open_fds";
/** Fewer are lost among what a server opens and closes for itself. */
const FEWEST = 5;
/** Of the clients that went: so many descriptors must be there still. */
const MOST = 0.6;
/** Longer than a server may take to notice an orderly close. */
const LASTS_MS = 5_000;

/** B6: clients went, and their sockets stayed. With B11 only the server's gauge says so. */
const feature: Feature = {
  name: "sockets-held-after-vanish",
  summary: "clients were gone for seconds, and their server still held as many descriptors as before",
  find(record) {
    const clientsAt = clientsByServer(record);
    return [...scrapesByServer(record)].flatMap(([server, scrapes]) => {
      const rows = scrapes.flatMap(({ atMs, series }) => {
        const descriptors = series[DESCRIPTORS];
        return descriptors === undefined ? [] : [{ atMs, descriptors, clients: clientsAt(server, atMs) }];
      });
      for (const [at, row] of rows.entries()) {
        const before = rows.slice(0, at).findLast(({ atMs }) => atMs <= row.atMs - LASTS_MS);
        const since = rows.slice(0, at).filter(({ atMs }) => before && atMs > before.atMs);
        if (!before) continue;
        const gone = before.clients - row.clients;
        const closed = before.descriptors - row.descriptors;
        // Gone for all of that time but a scrape or two, not only now.
        const isLasting = since.slice(2).every(({ clients }) => before.clients - clients >= gone);
        if (gone < FEWEST || !isLasting || closed > (1 - MOST) * gone) continue;
        return [
          {
            text: `${gone} clients of ${server} went after ${show(before.atMs)} ms; at ${show(row.atMs)} ms it held ${show(row.descriptors)} descriptors, ${show(before.descriptors)} before`,
            atMs: row.atMs,
            server,
          },
        ];
      }
      return [];
    });
  },
};
export default feature;
