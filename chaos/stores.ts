import type { PostgresStore, RedisStore, Store } from "./topology.ts";

/** @throws when the fault was aimed at another kind of store. */
export function redisOf(store: Store): RedisStore {
  if (store.engine !== "redis") throw new Error(`${store.name} is no Redis`);
  return store;
}

/** @throws when the fault was aimed at another kind of store. */
export function postgresOf(store: Store): PostgresStore {
  if (store.engine !== "postgres") throw new Error(`${store.name} is no Postgres`);
  return store;
}

/** One statement on a connection of its own. */
export async function ask(store: Store, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  await using session = await postgresOf(store).connect();
  // Awaited here: disposing the session would end the query.
  return await session.query(sql);
}

/** Postgres's code of what a rejected statement was refused for, such as `55P03`. */
export function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string }).code;
}

/** As a literal in SQL, for the statements that take no parameters. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Ids of the connections that listen to channels. */
export async function subscribersOf(redis: Pick<RedisStore, "command">): Promise<readonly string[]> {
  const list = String(await redis.command("CLIENT", "LIST", "TYPE", "PUBSUB"));
  return [...list.matchAll(/^id=(\d+)/gm)].map((match) => match[1] as string);
}
