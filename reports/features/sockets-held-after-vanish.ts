import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";
import { clientsByServer, scrapesByServer } from "../server-series.ts";

const DESCRIPTORS = "process_open_fds";
const SLACK = 0.1;
const FEWEST = 3;
const LASTS_MS = 5_000;

/**
 * B6: the server still holds the sockets of clients that are gone. With B11 only its gauge says so: descriptors beyond
 * those of its most crowded moment's clients are not there.
 */
const feature: Feature = {
  name: "sockets-held-after-vanish",
  summary: "a server held descriptors for seconds that no client of its accounts for",
  find(record) {
    const clientsAt = clientsByServer(record);
    return [...scrapesByServer(record)].flatMap(([server, scrapes]) => {
      // What it needs besides its clients: the least that was ever left over.
      const over = scrapes.flatMap(({ atMs, series }) => {
        const descriptors = series[DESCRIPTORS];
        return descriptors === undefined ? [] : [{ atMs, over: descriptors - clientsAt(server, atMs) }];
      });
      const own = Math.min(...over.map((one) => one.over));
      let sinceMs: number | undefined;
      for (const { atMs, over: now } of over) {
        const held = now - own;
        if (held <= Math.max(FEWEST, SLACK * clientsAt(server, atMs))) {
          sinceMs = undefined;
          continue;
        }
        sinceMs ??= atMs;
        if (atMs - sinceMs < LASTS_MS) continue;
        return [
          {
            text: `${server} held ${show(held)} descriptors more at ${show(atMs)} ms than its clients explain, since ${show(sinceMs)} ms`,
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
