import pg from "pg";
import { reasonOf } from "../log.ts";
import type { Inserted } from "../store.ts";

/** A statement that Postgres refused has certainly not been committed; any other may have been. */
export function failureOf(error: unknown): Exclude<Inserted, { how: "inserted" }> {
  return { how: error instanceof pg.DatabaseError ? "failed" : "unknown", reason: reasonOf(error) };
}
