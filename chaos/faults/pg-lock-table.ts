import { defineFault } from "../fault.ts";
import { codeOf, postgresOf } from "../stores.ts";
import type { Store } from "../topology.ts";

const GRANTED_WITHIN_MS = 8_000;
const LOCK_NOT_AVAILABLE = "55P03";

export default defineFault({
  name: "pg-lock-table",
  summary:
    "somebody's open transaction holds a table (LOCK TABLE): statements on it wait, with their pool connections",
  requirement: ["E28"],
  on: "store",
  engine: "postgres",
  params: { table: "chat_messages", mode: "ACCESS EXCLUSIVE" },
  explain: {
    table: "whose statements wait",
    mode: "ACCESS EXCLUSIVE stops readers as well, SHARE only writers",
  },
  bounds: { mode: ["ACCESS EXCLUSIVE", "SHARE"] },
  closes: [],
  drops: false,

  async inject(store, { table, mode }) {
    const session = await postgresOf(store).connect();
    try {
      await session.query("BEGIN");
      await session.query(`SET LOCAL lock_timeout = ${GRANTED_WITHIN_MS}`);
      await session.query(`LOCK TABLE ${named(table)} IN ${mode} MODE`, GRANTED_WITHIN_MS);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    // Its lock ends with its connection, also when Postgres itself has died or restarted.
    return session;
  },
  observed: (store, { table, mode }) => isLocked(store, table, mode),
  healed: async (store, { table, mode }) => !(await isLocked(store, table, mode)),
});

/** Would a statement have to wait? A reader for ACCESS EXCLUSIVE, a writer for SHARE. */
async function isLocked(store: Store, table: string, mode: string): Promise<boolean> {
  await using session = await postgresOf(store).connect();
  await session.query("BEGIN");
  try {
    const wanted = mode === "SHARE" ? "ROW EXCLUSIVE" : "ACCESS SHARE";
    await session.query(`LOCK TABLE ${named(table)} IN ${wanted} MODE NOWAIT`);
    return false;
  } catch (error) {
    if (codeOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    return true;
  }
}

function named(table: string): string {
  return `"${table.replaceAll('"', '""')}"`;
}
