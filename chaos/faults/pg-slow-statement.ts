import { defineFault } from "../fault.ts";
import { dropTrigger, makeTrigger, triggerName } from "../pg-trigger.ts";
import { postgresOf } from "../stores.ts";
import type { Store } from "../topology.ts";

const NAME = triggerName("slow");
/** For the empty statement itself, on a busy machine. */
const PATIENCE_MS = 3_000;

export default defineFault({
  name: "pg-slow-statement",
  summary:
    "every INSERT into a table takes longer (a trigger with pg_sleep), and keeps its pool connection as long",
  requirement: ["E28"],
  on: "store",
  engine: "postgres",
  params: { table: "chat_messages", delayMs: 1_000 },
  explain: {
    table: "whose INSERTs are slow",
    delayMs: "per statement, not per row; the reference server gives up after 2 s",
  },
  bounds: { delayMs: [50, 60_000] },
  closes: [],
  drops: false,

  async inject(store, { table, delayMs }) {
    const body = `BEGIN PERFORM pg_sleep(${delayMs / 1_000}); RETURN NULL; END`;
    await makeTrigger(
      store,
      NAME,
      body,
      (name) => `CREATE TRIGGER ${name} BEFORE INSERT ON "${table}" FOR EACH STATEMENT`,
    );
    return { [Symbol.asyncDispose]: () => dropTrigger(store, NAME) };
  },
  observed: async (store, { table, delayMs }) => {
    const ms = await emptyInsertMs(store, table, Math.min(delayMs, 2_000) + PATIENCE_MS);
    return ms === undefined || ms >= delayMs;
  },
  healed: async (store, { table, delayMs }) => {
    const ms = await emptyInsertMs(store, table, delayMs + PATIENCE_MS);
    return ms !== undefined && ms < delayMs;
  },
});

/** An INSERT without rows fires the trigger as well. Undefined when it takes longer than `timeoutMs`. */
async function emptyInsertMs(store: Store, table: string, timeoutMs: number): Promise<number | undefined> {
  await using session = await postgresOf(store).connect();
  await session.query(`SET statement_timeout = ${Math.round(timeoutMs)}`);
  const startMs = performance.now();
  try {
    await session.query(
      `INSERT INTO "${table}" SELECT * FROM "${table}" WHERE false`,
      timeoutMs + PATIENCE_MS,
    );
  } catch {
    return undefined;
  }
  return performance.now() - startMs;
}
