import { backoffDelayMs, backoffs } from "./backoff.ts";
import { Connection, type Life } from "./connection.ts";
import type { Engine } from "./engine.ts";
import { random } from "./random.ts";
import type { SessionRole } from "./scenario.ts";
import { Lost } from "./session.ts";

/**
 * A connection that lived this long was a good one, and the back-off starts over after it. Not earlier: a server
 * that accepts and then closes would otherwise be hammered at the shortest delay (B19).
 */
export const STABLE_MS = 10_000;

/**
 * All connections of one client, from its due time until it leaves or the run ends. After a loss it waits as its
 * role's back-off says and dials the next endpoint. Resolves when it is gone; never rejects.
 */
export async function live(life: Life, role: SessionRole, engine: Engine): Promise<void> {
  const { client } = life;
  const { seed, params } = engine.config;
  const backoff = backoffs[role.reconnect];
  let dueMs = life.dueMs;
  let failures = 0;
  let counted = false;
  for (let attempt = 0; await reached(dueMs, engine); attempt++) {
    if (!counted) engine.gauges.due += 1;
    counted = true;
    const connection = new Connection(life, attempt, dueMs, engine);
    try {
      await role.session(connection, params);
      break;
    } catch (error) {
      if (!(error instanceof Lost)) {
        engine.report(`session of ${client.user}`, error);
        break;
      }
    } finally {
      await connection.disconnect();
      connection.giveUp("the session ended without a connection");
    }
    failures = connection.livedMs >= STABLE_MS ? 1 : failures + 1;
    const delayMs = backoffDelayMs(backoff, failures, random(seed, "backoff", client.number, attempt));
    dueMs = (connection.endedMs ?? engine.nowMs()) + delayMs;
  }
  if (counted) engine.gauges.due -= 1;
}

/** False when the run ends first. */
function reached(atMs: number, engine: Engine): Promise<boolean> {
  if (engine.ended) return Promise.resolve(false);
  return new Promise((resolve) => {
    const due = engine.at(atMs, () => {
      end.cancel();
      resolve(true);
    });
    const end = engine.atEnd(() => {
      due.cancel();
      resolve(false);
    });
  });
}
