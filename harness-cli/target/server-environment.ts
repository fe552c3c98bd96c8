import type { Plan, Reference } from "../../reports/record/plan.ts";
import { database } from "./postgres.ts";

export const ORIGIN = "https://seaworthy.example";
/** A planned stop within a run of a minute: shorter than the 30 s of A123, long enough to spread its clients. */
const DRAIN_MS = 5_000;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** What `target-server` is configured by, wherever it runs; its stores are behind their proxies. */
export function serverEnvironment(
  {
    plan,
    jwtSecret,
    internalToken,
  }: { readonly plan: Plan; readonly jwtSecret: string; readonly internalToken: string },
  name: string,
  place: { readonly listen: Address; readonly redis: Address; readonly postgres: Address },
): Record<string, string> {
  const { listen, redis, postgres } = place;
  const reference = plan.target as Reference;
  return {
    HOST: listen.host,
    PORT: String(listen.port),
    SERVER_ID: name,
    REDIS_HOST: redis.host,
    REDIS_PORT: String(redis.port),
    DB_HOST: postgres.host,
    DB_PORT: String(postgres.port),
    DB_NAME: database.name,
    DB_USERNAME: database.user,
    DB_PASSWORD: database.password,
    JWT_SECRET: jwtSecret,
    INTERNAL_TOKEN: internalToken,
    ALLOWED_ORIGINS: ORIGIN,
    TIME_SCALE: String(plan.timeScale),
    DRAIN_MS: String(DRAIN_MS),
    MUTANTS: reference.defects.join(","),
    ...reference.settings,
  };
}
