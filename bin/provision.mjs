// @ts-check
// Builds or fetches the outside programs that are missing, with progress on stderr. Runs under Node ≥ 24.
import process from "node:process";
import { SeaworthyError } from "../harness-cli/errors.ts";
import { progressOn } from "../harness-cli/provision/progress.ts";
import { findTools } from "../harness-cli/provision/tools.ts";

try {
  await findTools({ fix: true, progress: progressOn(process.stderr) });
} catch (error) {
  if (!(error instanceof SeaworthyError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n  Hint: ${error.hint}\n`);
  process.exitCode = error.exitCode;
}
