// @ts-check
/** Runs in the image's build: fills the compile cache with everything that the server imports when it starts. */
import { existsSync } from "node:fs";
import { flushCompileCache } from "node:module";

const extension = existsSync("target-server/main.ts") ? "ts" : "js";
for (const name of ["config", "file-limit", "server", "policies", "mutants"]) {
  await import(`/srv/seaworthy/target-server/${name}.${extension}`);
}
flushCompileCache();
