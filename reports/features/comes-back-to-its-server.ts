import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";

/** Fewer may come back to the same one by chance. */
const FEWEST = 20;
/** Of three servers a balancer that remembers nobody gives a third. */
const SHARE = 0.6;

/** B31, B32: somebody remembers where each client was. */
const feature: Feature = {
  name: "comes-back-to-its-server",
  summary: "most clients that lost their connection came back to the very same instance",
  find(record) {
    const last = new Map<number, string>();
    const back: { client: number; atMs: number; server: string; isSame: boolean }[] = [];
    for (const event of record.ledger.connections) {
      if (event.what !== "connected" || event.server === undefined) continue;
      const { client, atMs, server } = event;
      const before = last.get(client);
      if (before !== undefined) back.push({ client, atMs, server, isSame: server === before });
      last.set(client, server);
    }
    const same = back.filter(({ isSame }) => isSame);
    const servers = new Set(last.values()).size;
    if (servers < 2 || same.length < FEWEST || same.length < SHARE * back.length) return [];
    return [
      {
        text: `${show(same.length)} of ${plural(back.length, "client")} that came back did so, of ${servers} instances`,
      },
      ...same.slice(0, 5).map(({ client, atMs, server }) => ({
        text: `client ${client} again on ${server}`,
        atMs,
        client,
        server,
      })),
    ];
  },
};
export default feature;
