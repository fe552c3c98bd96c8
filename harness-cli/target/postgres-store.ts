import type { Carry } from "../../chaos/carry.ts";
import { within } from "../../chaos/deadline.ts";
import type { PostgresSession, PostgresStore, Process } from "../../chaos/topology.ts";
import { database } from "./postgres.ts";

const DEADLINE_MS = 3_000;

export function postgresStore(process: Process, port: number): PostgresStore {
  return {
    kind: "store",
    name: "postgres",
    engine: "postgres",
    url: `postgres://${database.user}@127.0.0.1:${port}/${database.name}`,
    process,
    connect: () => connect({ host: "127.0.0.1", port }, DEADLINE_MS),
  };
}

async function connect(
  address: { readonly host: string; readonly port: number },
  deadlineMs: number,
): Promise<PostgresSession> {
  const { Client } = (await import("pg")).default;
  const client = new Client({
    host: address.host,
    port: address.port,
    user: database.user,
    database: database.name,
    application_name: "seaworthy-fault",
  });
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  client.on("error", () => resolve()); // whatever breaks the connection rejects its query as well
  client.on("end", () => resolve());
  /** Without waiting for Postgres, which may be frozen; it rolls back what was open when it notices. */
  const close = async () => {
    const socket = (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
    socket.destroy();
    resolve();
  };
  try {
    await within(deadlineMs, "connecting to Postgres", client.connect());
  } catch (error) {
    await close();
    throw error;
  }
  return {
    gone,
    async query(sql, timeoutMs = DEADLINE_MS) {
      const { rows } = await within(timeoutMs, "Postgres", client.query<Record<string, unknown>>(sql));
      return rows ?? [];
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A SELECT with so many bytes in its text or in its answer; only the statement itself is timed. */
export const carryByQuery: Carry = async (address, bytes, stream, timeoutMs) => {
  try {
    await using session = await connect(address, timeoutMs);
    const startMs = performance.now();
    await session.query(
      stream === "upstream" ? `SELECT length('${"x".repeat(bytes)}')` : `SELECT repeat('x', ${bytes})`,
      timeoutMs,
    );
    return performance.now() - startMs;
  } catch {
    return undefined;
  }
};
