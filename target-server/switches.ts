import { type LogLevel, logLevels } from "./config.ts";
import { offsetClock } from "./offset-clock.ts";
import { BadRequest, json, type Route } from "./route.ts";

/** What a drill may turn while the server runs; a restart turns it back. None of it is a way to run a server. */
export interface Switches {
  /** False: readiness says no, and everything else goes on (E41). */
  ready: boolean;
  /** E53. */
  logLevel: LogLevel;
  /** Added to this process's clock (E42). */
  clockOffsetMs: number;
}

/** A day, the longest that a wrong time zone or date explains. */
const OFFSET_MAX_MS = 86_400_000;

/** `GET` says how they are, with the server's own time; `POST` turns those that it names. */
export function switchRoutes(switches: Switches, turned: (what: Partial<Switches>) => void): Route[] {
  const answer = () => json(200, { ...switches, nowMs: Date.now() });
  return [
    { method: "GET", path: /^\/internal\/switches$/, answer },
    {
      method: "POST",
      path: /^\/internal\/switches$/,
      async answer({ json: body }) {
        const what = read(await body());
        Object.assign(switches, what);
        offsetClock(switches.clockOffsetMs);
        turned(what);
        return answer();
      },
    },
  ];
}

function read(body: unknown): Partial<Switches> {
  if (typeof body !== "object" || body === null) throw new BadRequest(400, "no-switches");
  for (const [name, value] of Object.entries(body)) {
    if (!isGood(name, value)) throw new BadRequest(400, `bad-switch-${name}`);
  }
  return body as Partial<Switches>;
}

function isGood(name: string, value: unknown): boolean {
  switch (name) {
    case "ready":
      return typeof value === "boolean";
    case "logLevel":
      return logLevels.includes(value as LogLevel);
    case "clockOffsetMs":
      return Number.isInteger(value) && Math.abs(value as number) <= OFFSET_MAX_MS;
    default:
      return false;
  }
}
