import { defineFault } from "../fault.ts";
import { ask } from "../stores.ts";
import type { Store } from "../topology.ts";

/** Backends of clients, without the harness's own. */
const OTHERS =
  "backend_type = 'client backend' AND application_name <> 'seaworthy-fault' AND pid <> pg_backend_pid()";

/** Pids of the backends that each one's last injection was to end. */
const victims = new WeakMap<Store, readonly number[]>();

export default defineFault({
  name: "pg-kill-backends",
  summary: "Postgres ends every client's connection (pg_terminate_backend), idle or busy; once per window",
  requirement: ["E29"],
  on: "store",
  engine: "postgres",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  async inject(store) {
    const ended = await ask(
      store,
      `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${OTHERS}`,
    );
    victims.set(
      store,
      ended.map((row) => Number(row.pid)),
    );
    // New connections are the servers' own business.
    return { async [Symbol.asyncDispose]() {} };
  },
  async observed(store) {
    const before = victims.get(store) ?? [];
    const now = (await ask(store, `SELECT pid FROM pg_stat_activity WHERE ${OTHERS}`)).map((row) =>
      Number(row.pid),
    );
    return before.length > 0 && !before.some((pid) => now.includes(pid));
  },
  healed: async (store) => (await ask(store, "SELECT 1")).length === 1,
});
