import type { LogLevel } from "./config.ts";

export type Log = Readonly<
  Record<LogLevel, (message: string, details?: Readonly<Record<string, unknown>>) => void>
>;

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One JSON object a line. Callers pass names and numbers, never headers, bodies or URLs: tokens hide there (A29). */
export function createLog(
  serverId: string,
  /** Asked for each line: a drill may turn it (E53). */
  level: () => LogLevel,
  write: (line: string) => void = (line) => process.stdout.write(line),
): Log {
  const at =
    (own: LogLevel): Log[LogLevel] =>
    (message, details) => {
      if (order.indexOf(own) < order.indexOf(level())) return;
      write(
        `${JSON.stringify({ ts: new Date().toISOString(), level: own, server: serverId, message, ...details })}\n`,
      );
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** What an error says, without its stack: enough for a log line, and never a token. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  return error.message || (typeof code === "string" ? code : error.name);
}
