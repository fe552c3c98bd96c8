import { defineFault } from "../fault.ts";
import { ask, postgresOf } from "../stores.ts";
import type { Store } from "../topology.ts";

export default defineFault({
  name: "pg-read-only",
  summary: "Postgres refuses to write (default_transaction_read_only), as with a full disk; reads go on",
  requirement: ["E31"],
  on: "store",
  engine: "postgres",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  async inject(store) {
    await reload(store, "ALTER SYSTEM SET default_transaction_read_only = on");
    return {
      // In the data folder, so also of a Postgres that was restarted meanwhile.
      [Symbol.asyncDispose]: () => reload(store, "ALTER SYSTEM RESET default_transaction_read_only"),
    };
  },
  observed: isReadOnly,
  healed: async (store) => !(await isReadOnly(store)),
});

/** Takes effect with the next transaction of every session. */
async function reload(store: Store, change: string): Promise<void> {
  await using session = await postgresOf(store).connect();
  await session.query(change);
  await session.query("SELECT pg_reload_conf()");
}

async function isReadOnly(store: Store): Promise<boolean> {
  return (await ask(store, "SHOW transaction_read_only"))[0]?.transaction_read_only === "on";
}
