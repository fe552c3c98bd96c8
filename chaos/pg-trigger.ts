import { postgresOf } from "./stores.ts";
import type { Store } from "./topology.ts";

/** For the lock that a new trigger needs; longer than the reference server's statements may take (2 s). */
const LOCK_TIMEOUT_MS = 6_000;

/** Fixed, so that an undo finds it also when the harness that made it is gone. */
export function triggerName(what: string): string {
  return `seaworthy_${what}`;
}

/** `body` in PL/pgSQL; `create` says where it fires. One of that name that is left over is replaced. */
export async function makeTrigger(
  store: Store,
  name: string,
  body: string,
  create: (name: string) => string,
): Promise<void> {
  await using session = await postgresOf(store).connect();
  await session.query(
    `BEGIN; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SET LOCAL transaction_read_only = off;
     DROP FUNCTION IF EXISTS ${name}() CASCADE;
     CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $fault$ ${body} $fault$;
     ${create(name)} EXECUTE FUNCTION ${name}();
     COMMIT`,
    LOCK_TIMEOUT_MS + 2_000,
  );
}

/** With everything that hangs on it; one that is not there is fine. */
export async function dropTrigger(store: Store, name: string): Promise<void> {
  await using session = await postgresOf(store).connect();
  await session.query(
    `BEGIN; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SET LOCAL transaction_read_only = off;
     DROP FUNCTION IF EXISTS ${name}() CASCADE; COMMIT`,
    LOCK_TIMEOUT_MS + 2_000,
  );
}
