import { setTimeout as wait } from "node:timers/promises";
import { defineFault } from "../fault.ts";
import { codeOf, postgresOf } from "../stores.ts";
import type { PostgresSession, PostgresStore } from "../topology.ts";

const TOO_MANY_CONNECTIONS = "53300";
/** Postgres makes a process for each: so many at a time do not stop a small machine. */
const AT_ONCE = 8;
/** Before it looks again whether somebody let one go. */
const LOOK_AGAIN_MS = 100;

export default defineFault({
  name: "pg-exhaust-connections",
  summary:
    "somebody takes every connection that Postgres has left (max_connections), and each that becomes free",
  requirement: ["E29"],
  on: "store",
  engine: "postgres",
  params: {},
  explain: {},
  closes: [],
  drops: false,

  async inject(store) {
    const postgres = postgresOf(store);
    const held = new Set<PostgresSession>();
    const ending = new AbortController();
    const takers = Array.from({ length: AT_ONCE }, () => takeAll(postgres, held, ending.signal));
    return {
      async [Symbol.asyncDispose]() {
        ending.abort();
        await Promise.all(takers);
        await Promise.all([...held].map((session) => session[Symbol.asyncDispose]()));
      },
    };
  },
  observed: async (store) => (await connecting(postgresOf(store))) === TOO_MANY_CONNECTIONS,
  healed: async (store) => (await connecting(postgresOf(store))) === undefined,
});

async function takeAll(
  postgres: PostgresStore,
  held: Set<PostgresSession>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const session = await postgres.connect();
      held.add(session);
      void session.gone.then(() => held.delete(session));
    } catch {
      // None left, or Postgres is away for a while: then it is tried again.
      await wait(LOOK_AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** What a new connection is refused for; undefined when it is not. */
async function connecting(postgres: PostgresStore): Promise<string | undefined> {
  try {
    await using session = await postgres.connect();
    await session.query("SELECT 1");
    return undefined;
  } catch (error) {
    return codeOf(error) ?? "no answer";
  }
}
