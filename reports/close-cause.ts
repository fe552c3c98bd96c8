import type { ConnectionEvent } from "../scenarios/model/telemetry.ts";
import { isOnTheWay } from "./whereabouts.ts";
import type { FaultSpan } from "./windows.ts";

export type Closed = Extract<ConnectionEvent, { what: "closed" }>;

/** Clocks and polling: a close may be seen a little before its fault is recorded, and after it was healed. */
export const BEFORE_MS = 1_000;
export const AFTER_MS = 2_000;

/** Its client left, and the server answered with a close frame: with 1000, or with none of the codes (1005). */
export function isOwnLeave({ by, code }: Pick<Closed, "by" | "code">): boolean {
  return by === "self" && (code === 1_000 || code === 1_005);
}

/** As it is judged: what ended without a close frame is 1006, which never travels on the wire (I64). */
export function codeOf({ code }: Pick<Closed, "code">): number {
  return code ?? 1_006;
}

/** The fault lists the code, and was in force on the way of that connection. */
export function explains(span: FaultSpan, close: Closed): boolean {
  return (
    span.void === undefined &&
    isOnTheWay(span.window.target, close) &&
    span.window.closes.includes(codeOf(close)) &&
    close.atMs >= span.fromMs - BEFORE_MS &&
    close.atMs <= span.toMs + AFTER_MS
  );
}
