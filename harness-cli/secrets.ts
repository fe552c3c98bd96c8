import type { LoadAccess } from "../scenarios/model/load-config.ts";
import { SeaworthyError } from "./errors.ts";

/** A header's value that begins like this names a variable; the plan and every report hold only the name. */
const FROM_ENVIRONMENT = /env:([A-Za-z_][A-Za-z0-9_]*)/g;

/**
 * The access with every `env:NAME` of its headers replaced by that variable's value.
 * Throws SW_USAGE for a variable that is not set.
 */
export function withSecrets(
  access: LoadAccess,
  env: Readonly<Record<string, string | undefined>>,
): LoadAccess {
  if (access.kind !== "headers") return access;
  const headers = Object.entries(access.headers).map(([name, value]) => [
    name,
    value.replace(FROM_ENVIRONMENT, (_, variable: string) => {
      const secret = env[variable];
      if (secret) return secret;
      throw new SeaworthyError(
        "SW_USAGE",
        `header ${name} wants ${variable}, which is not set`,
        `export ${variable}=…`,
      );
    }),
  ]);
  return { ...access, headers: Object.fromEntries(headers) };
}
