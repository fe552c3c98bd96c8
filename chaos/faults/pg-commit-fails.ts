import { defineFault } from "../fault.ts";
import { dropTrigger, makeTrigger, triggerName } from "../pg-trigger.ts";
import { codeOf, literal, postgresOf } from "../stores.ts";
import type { Store } from "../topology.ts";

const NAME = triggerName("commit_fails");
/** `raise_exception`, what PL/pgSQL raises by itself. */
const RAISED = "P0001";

export default defineFault({
  name: "pg-commit-fails",
  summary:
    "an INSERT succeeds and its COMMIT fails, for the rooms of a name: tells apart who publishes before it",
  requirement: ["E30"],
  on: "store",
  engine: "postgres",
  params: { roomPrefix: "" },
  explain: { roomPrefix: "rooms whose names begin with it; empty: all of them" },
  closes: [],
  drops: false,

  async inject(store, { roomPrefix }) {
    const body = `BEGIN RAISE EXCEPTION 'commit refused for room %', NEW.room_id; END`;
    await makeTrigger(
      store,
      NAME,
      body,
      (name) =>
        `CREATE CONSTRAINT TRIGGER ${name} AFTER INSERT ON chat_messages DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW WHEN (starts_with(NEW.room_id, ${literal(roomPrefix)}))`,
    );
    return { [Symbol.asyncDispose]: () => dropTrigger(store, NAME) };
  },
  observed: async (store, { roomPrefix }) => (await committing(store, roomPrefix)) === RAISED,
  healed: async (store, { roomPrefix }) => (await committing(store, roomPrefix)) === undefined,
});

/** What the end of a transaction with one message is refused for; it is rolled back in any case. */
async function committing(store: Store, roomPrefix: string): Promise<string | undefined> {
  await using session = await postgresOf(store).connect();
  await session.query("BEGIN");
  await session.query(
    `INSERT INTO chat_messages (id, room_id, sender_id, client_message_id, content, created_at, server_id)
     VALUES ('seaworthy-probe', ${literal(`${roomPrefix}seaworthy-probe`)}, 'seaworthy-probe', gen_random_uuid(), '', now(), 'none')`,
  );
  try {
    await session.query("SET CONSTRAINTS ALL IMMEDIATE");
    return undefined;
  } catch (error) {
    return codeOf(error) ?? "no answer";
  }
}
