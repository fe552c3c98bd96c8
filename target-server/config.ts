import { availableDefects } from "./mutants.ts";

type Kind = "text" | "secret" | "port" | "count" | "ms" | "bytes" | "factor" | "flag" | "list";

interface Setting {
  readonly kind: Kind;
  /** Absent: the setting must be given. */
  readonly fallback?: string;
  readonly about: string;
}

/** Every setting of the server. The numbers come from section A of the requirements, named in `about`. */
const settings = {
  HOST: { kind: "text", fallback: "127.0.0.1", about: "address to listen on" },
  PORT: { kind: "port", fallback: "8080", about: "port for HTTP and WebSocket" },
  SERVER_ID: {
    kind: "text",
    fallback: "server-1",
    about: "name of this instance, on every message it accepts (A143)",
  },
  REDIS_HOST: { kind: "text", fallback: "127.0.0.1", about: "Redis, for the relay and the room sequences" },
  REDIS_PORT: { kind: "port", fallback: "6379", about: "its port" },
  DB_HOST: { kind: "text", fallback: "127.0.0.1", about: "Postgres, for the messages" },
  DB_PORT: { kind: "port", fallback: "5432", about: "its port" },
  DB_NAME: { kind: "text", fallback: "postgres", about: "database" },
  DB_USERNAME: { kind: "text", fallback: "postgres", about: "user" },
  DB_PASSWORD: { kind: "secret", fallback: "", about: "password; empty where Postgres trusts the address" },
  JWT_SECRET: { kind: "secret", about: "HS256 key of the tokens in CONNECT (A20)" },
  ALLOWED_ORIGINS: {
    kind: "list",
    fallback: "http://localhost:*,http://127.0.0.1:*,https://app.example.com",
    about: "exact origins, `https://*.example.com` for one label, `:*` for any port (A4)",
  },
  REQUIRE_ORIGIN: { kind: "flag", fallback: "true", about: "refuse clients that send no Origin (A5)" },
  TIME_SCALE: {
    kind: "factor",
    fallback: "1",
    about: "multiplies beats, idle limits, deadlines and drain (I85)",
  },
  MUTANTS: { kind: "list", fallback: "", about: "defects to switch on, by name (A142)" },
  HEARTBEAT_MS: {
    kind: "ms",
    fallback: "25000",
    about: "heart-beat offered and wanted; also the ping (A53, A55)",
  },
  FIRST_MESSAGE_MS: { kind: "ms", fallback: "30000", about: "from the handshake to CONNECT (A57)" },
  DRAIN_MS: {
    kind: "ms",
    fallback: "30000",
    about: "over which a stopping server closes its clients (A123)",
  },
  MAX_MESSAGE_BYTES: { kind: "bytes", fallback: "65536", about: "one STOMP frame (A61)" },
  MAX_SUBSCRIPTIONS: { kind: "count", fallback: "256", about: "per session" },
  MAX_CONNECTIONS: { kind: "count", fallback: "10000", about: "per instance (A11)" },
  LISTEN_BACKLOG: { kind: "count", fallback: "4096", about: "connections the kernel may hold before accept" },
  EVICT_DEPTH: { kind: "count", fallback: "256", about: "messages waiting for one client (I72)" },
  EVICT_BYTES: { kind: "bytes", fallback: "524288", about: "bytes waiting for one client (A63)" },
  EVICT_AGE_MS: {
    kind: "ms",
    fallback: "20000",
    about: "age of the oldest message waiting for one client (A64)",
  },
  WORK_LANES: { kind: "count", fallback: "8", about: "batches written to Postgres at the same time (A72)" },
  WORK_CAPACITY: { kind: "count", fallback: "500", about: "messages waiting for Postgres (A72, A74)" },
  OUTBOX_CAPACITY: { kind: "count", fallback: "10000", about: "stored messages waiting for Redis (I76)" },
  DB_POOL_MAX: { kind: "count", fallback: "20", about: "connections to Postgres (A81)" },
  LOG_LEVEL: { kind: "text", fallback: "info", about: "debug, info, warn or error" },
} as const satisfies Record<string, Setting>;

/** What the server runs with. All times are scaled already. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly serverId: string;
  readonly redis: { readonly host: string; readonly port: number };
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password: string;
    readonly poolMax: number;
  };
  readonly jwtSecret: string;
  readonly allowedOrigins: readonly string[];
  readonly requireOrigin: boolean;
  readonly defects: readonly string[];
  readonly beatMs: number;
  readonly firstMessageMs: number;
  readonly drainMs: number;
  readonly messageBytesMax: number;
  readonly subscriptionsMax: number;
  readonly connectionsMax: number;
  readonly backlog: number;
  readonly eviction: EvictionLimits;
  readonly work: { readonly lanes: number; readonly capacity: number };
  readonly outboxCapacity: number;
  readonly logLevel: LogLevel;
}

export interface EvictionLimits {
  readonly depth: number;
  readonly bytes: number;
  readonly ageMs: number;
}

const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** All mistakes at once, so that nobody fixes them one start at a time. */
export type ReadConfig =
  | { readonly config: Config; readonly mistakes?: undefined }
  | { readonly mistakes: readonly string[]; readonly config?: undefined };

export function readConfig(env: Readonly<Record<string, string | undefined>>): ReadConfig {
  const mistakes: string[] = [];
  const text = (name: keyof typeof settings): string => {
    const setting: Setting = settings[name];
    const given = env[name] ?? setting.fallback;
    if (given === undefined || (given === "" && setting.fallback === undefined)) {
      mistakes.push(`${name} is missing: ${setting.about}`);
      return "";
    }
    return given;
  };
  const number = (name: keyof typeof settings): number => {
    const given = text(name);
    const { about, pattern, min, max } = numbers[settings[name].kind as keyof typeof numbers];
    const value = Number(given);
    if (!pattern.test(given) || value < min || value > max) {
      mistakes.push(`${name} is "${given}", but must be ${about}`);
    }
    return value;
  };
  const list = (name: keyof typeof settings): string[] =>
    text(name)
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  const flag = (name: keyof typeof settings): boolean => {
    const given = text(name);
    if (given !== "true" && given !== "false")
      mistakes.push(`${name} is "${given}", but must be true or false`);
    return given === "true";
  };

  const timeScale = number("TIME_SCALE");
  const scaledMs = (name: keyof typeof settings) => Math.max(1, Math.round(number(name) * timeScale));

  const logLevel = text("LOG_LEVEL") as LogLevel;
  if (!logLevels.includes(logLevel)) {
    mistakes.push(`LOG_LEVEL is "${logLevel}", but must be one of ${logLevels.join(", ")}`);
  }
  const allowedOrigins = list("ALLOWED_ORIGINS");
  for (const origin of allowedOrigins) {
    if (!/^https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d{1,5}|\*))?$/i.test(origin)) {
      mistakes.push(
        `ALLOWED_ORIGINS has "${origin}", but an origin is like https://app.example.com (never *)`,
      );
    }
  }
  const defects = list("MUTANTS");
  const known = availableDefects();
  for (const name of defects) {
    if (!known.includes(name))
      mistakes.push(`MUTANTS has "${name}", but the defects are ${known.join(", ")}`);
  }

  const config: Config = {
    host: text("HOST"),
    port: number("PORT"),
    serverId: text("SERVER_ID"),
    redis: { host: text("REDIS_HOST"), port: number("REDIS_PORT") },
    postgres: {
      host: text("DB_HOST"),
      port: number("DB_PORT"),
      database: text("DB_NAME"),
      user: text("DB_USERNAME"),
      password: text("DB_PASSWORD"),
      poolMax: number("DB_POOL_MAX"),
    },
    jwtSecret: text("JWT_SECRET"),
    allowedOrigins,
    requireOrigin: flag("REQUIRE_ORIGIN"),
    defects,
    beatMs: scaledMs("HEARTBEAT_MS"),
    firstMessageMs: scaledMs("FIRST_MESSAGE_MS"),
    drainMs: scaledMs("DRAIN_MS"),
    messageBytesMax: number("MAX_MESSAGE_BYTES"),
    subscriptionsMax: number("MAX_SUBSCRIPTIONS"),
    connectionsMax: number("MAX_CONNECTIONS"),
    backlog: number("LISTEN_BACKLOG"),
    eviction: { depth: number("EVICT_DEPTH"), bytes: number("EVICT_BYTES"), ageMs: scaledMs("EVICT_AGE_MS") },
    work: { lanes: number("WORK_LANES"), capacity: number("WORK_CAPACITY") },
    outboxCapacity: number("OUTBOX_CAPACITY"),
    logLevel,
  };
  return mistakes.length > 0 ? { mistakes } : { config };
}

/** The text of `--help`. */
export function describeConfig(): string {
  const rows = Object.entries(settings as Record<string, Setting>).map(([name, { fallback, about }]) => {
    const standard = fallback === undefined ? "required" : fallback === "" ? "empty" : fallback;
    return `  ${name.padEnd(18)} ${about} [${standard}]`;
  });
  return ["Reference STOMP server. Configuration by environment variables:", "", ...rows, ""].join("\n");
}

const whole = /^\d+$/;
const numbers = {
  port: { about: "a port, 0 to 65535", pattern: whole, min: 0, max: 65_535 },
  count: { about: "a whole number, 1 or more", pattern: whole, min: 1, max: 1_000_000 },
  ms: { about: "milliseconds, 1 or more", pattern: whole, min: 1, max: 86_400_000 },
  bytes: { about: "a number of bytes, 128 or more", pattern: whole, min: 128, max: 1_073_741_824 },
  factor: { about: "a factor above 0, up to 100", pattern: /^\d*\.?\d+$/, min: 0.001, max: 100 },
};
