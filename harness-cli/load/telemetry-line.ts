import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { wrongIn } from "../../scenarios/model/telemetry-shape.ts";

/** Is this a line of telemetry? Returns what is wrong, or the line: a record never holds what its reader cannot take. */
export function parseTelemetry(text: string): Telemetry | { readonly wrong: string } {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return { wrong: "not JSON" };
  }
  const wrong = wrongIn(line);
  return wrong === undefined ? (line as Telemetry) : { wrong };
}
