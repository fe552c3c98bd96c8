/**
 * Are there containers here? Asked once for the project `containers`. On a machine without a daemon its tests are
 * skipped and the reason is said; where `SEAWORTHY_CONTAINERS=required` (CI) that is a failure.
 */
import { docker } from "./docker-command.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Why the tests with containers cannot run; undefined when they can. */
    noContainers: string | undefined;
  }
}

export default async function setup(project: {
  provide(key: "noContainers", value: string | undefined): void;
}): Promise<void> {
  const { code, err } = await docker("version", "--format", "{{.Server.Version}}").catch((error: Error) => ({
    code: 1,
    err: error.message,
  }));
  const why = code === 0 ? undefined : `no container daemon answers: ${err.trim().split("\n").at(-1)}`;
  if (why !== undefined) {
    if (process.env.SEAWORTHY_CONTAINERS === "required") throw new Error(why);
    console.warn(`skipped: all tests with containers: ${why}`);
  }
  project.provide("noContainers", why);
}
