import { readFileSync } from "node:fs";
import { type AuthMode, authModes } from "./handshake-identity.ts";
import { availableDefects } from "./mutants.ts";
import { type OrderingMode, orderingModes } from "./ordering/ordering.ts";
import { type Preset, presets } from "./presets.ts";
import type { Rate } from "./sliding-window.ts";
import type { TokenSettings } from "./token-keys.ts";
import { isAddressOrNetwork } from "./trusted-addresses.ts";

type Kind = "rate" | "text" | "secret" | "port" | "count" | "ms" | "bytes" | "factor" | "flag" | "list";

interface Setting {
  readonly kind: Kind;
  /** Absent: the setting must be given. */
  readonly fallback?: string;
  readonly about: string;
}

/** Every setting of the server. The numbers come from section A of the requirements, named in `about`. */
const settings = {
  PRESET: {
    kind: "text",
    fallback: "",
    about: "settings of one of the systems below; each variable goes before it",
  },
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
  JWT_SECRET: { kind: "secret", about: "HS256 key of the tokens (A20); as JWT_SECRET_FILE: in a file (A33)" },
  JWT_KEY_ID: { kind: "text", fallback: "current", about: "its `kid`, written into new tokens (A28)" },
  JWT_SECRET_PREVIOUS: {
    kind: "secret",
    fallback: "",
    about: "the key before it, good until it is taken out (A28)",
  },
  JWT_KEY_ID_PREVIOUS: { kind: "text", fallback: "previous", about: "its `kid`" },
  JWT_AUDIENCE: { kind: "text", fallback: "", about: "the `aud` that every token must have; empty: any" },
  AUTH: {
    kind: "text",
    fallback: "connect",
    about:
      "where the token is: connect (frame), query (?token=) or cookie; ?ticket= is always good (A17-A20)",
  },
  SESSION_COOKIE: { kind: "text", fallback: "session", about: "name of the cookie for AUTH=cookie (A19)" },
  TOKEN_TTL_MS: { kind: "ms", fallback: "900000", about: "life of a refreshed token, 15 min (A25, A28)" },
  TOKEN_GRACE_MS: {
    kind: "ms",
    fallback: "5000",
    about: "in which sessions end whose token ran out, each at a random time (A26, I74)",
  },
  TICKET_TTL_MS: { kind: "ms", fallback: "30000", about: "life of an unused ticket (A18, I74)" },
  INTERNAL_TOKEN: {
    kind: "secret",
    fallback: "",
    about: "bearer token for /internal/…; empty: nobody may (A27, B178)",
  },
  ROOM_ACCESS: {
    kind: "text",
    fallback: "open",
    about: "open: every user is in every room; members: by table room_members (A32)",
  },
  TIER_ACCESS: {
    kind: "text",
    fallback: "open",
    about: "open: every user may hear every segment; claims: those of the token's `tiers` (A45)",
  },
  MEMBERSHIP_TTL_MS: { kind: "ms", fallback: "5000", about: "how long a look at room_members is good for" },
  MAX_SESSIONS_PER_USER: { kind: "count", fallback: "5", about: "over all instances (A31, I74)" },
  SLOT_TTL_MS: {
    kind: "ms",
    fallback: "15000",
    about: "after which the sessions of a dead instance do not count any more (B163)",
  },
  USER_RATE: {
    kind: "rate",
    fallback: "10/1000",
    about: "SENDs of a user per ms over all instances; 30/10000 is the other profile; off (A67-A69)",
  },
  SESSION_RATE: { kind: "rate", fallback: "10/1000", about: "SENDs of one session per ms, or off (A69)" },
  HANDSHAKE_RATE: {
    kind: "rate",
    fallback: "20/1000",
    about: "handshakes of an address per ms and instance, or off (A8)",
  },
  TRUSTED_PROXIES: {
    kind: "list",
    fallback: "127.0.0.1,::1",
    about:
      "addresses and networks (10.0.0.0/8) whose X-Forwarded-For is believed; not limited themselves (A8, A12)",
  },
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
  PINGS: {
    kind: "flag",
    fallback: "true",
    about:
      "WebSocket pings, which also keep a balancer awake; false: a client without heart-beats hears nothing (A55)",
  },
  FIRST_MESSAGE_MS: { kind: "ms", fallback: "30000", about: "from the handshake to CONNECT (A57)" },
  HEADER_TIMEOUT_MS: {
    kind: "ms",
    fallback: "20000",
    about: "for the head of a request, so also for a half-sent handshake (A11)",
  },
  HTTP_KEEP_ALIVE_MS: {
    kind: "ms",
    fallback: "3660000",
    about: "an HTTP connection may idle; longer than any load balancer's own limit (A11, B215)",
  },
  SOCKJS_HEARTBEAT_MS: { kind: "ms", fallback: "25000", about: "of silence, then a SockJS heart-beat (A15)" },
  SOCKJS_DISCONNECT_DELAY_MS: {
    kind: "ms",
    fallback: "5000",
    about: "a SockJS session may be without a receiving request (A15)",
  },
  WS_PATHS: {
    kind: "list",
    fallback: "/ws,/ws/notifications",
    about: "paths of the WebSocket (A2); SockJS is at the first one, with /sockjs after it",
  },
  MIN_OPEN_FILES: {
    kind: "count",
    fallback: "4096",
    about: "file descriptors without which it does not start; 65536 is advised (A10)",
  },
  DRAIN_MS: {
    kind: "ms",
    fallback: "30000",
    about: "over which a stopping server closes its clients (A123)",
  },
  MAX_MESSAGE_BYTES: { kind: "bytes", fallback: "65536", about: "one STOMP frame (A61)" },
  MAX_UNACKNOWLEDGED: {
    kind: "count",
    fallback: "1000",
    about: "messages a client with ack:client may leave unacknowledged, of EVICT_BYTES at most",
  },
  MAX_SUBSCRIPTIONS: { kind: "count", fallback: "256", about: "per session" },
  MAX_CONNECTIONS: { kind: "count", fallback: "10000", about: "per instance (A11)" },
  TARGET_CONNECTIONS: {
    kind: "count",
    fallback: "5000",
    about: "per instance, beyond which there should be another one; exported only (A133)",
  },
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
  RELAY: {
    kind: "text",
    fallback: "pubsub",
    about: "how instances hear of each other: pubsub, or streams, each with its own cursor (A90, A94)",
  },
  ORDERING: {
    kind: "text",
    fallback: "seq",
    about: "what keeps a room's order: seq, timestamp, room-queue, lock or none (A105)",
  },
  LOCK_TTL_MS: {
    kind: "ms",
    fallback: "10000",
    about: "with ORDERING=lock: after which a room is free again whose holder died (A105)",
  },
  INGRESS_STREAM: {
    kind: "text",
    fallback: "",
    about: "Redis Stream with events of other systems, in place of their Kafka topic; empty: none (A101)",
  },
  REPLAY_MAX: {
    kind: "count",
    fallback: "1000",
    about: "messages one resume gets; the rest is a gap (A108)",
  },
  REPLAY_WINDOW_MS: {
    kind: "ms",
    fallback: "86400000",
    about: "age up to which messages are replayed; older ones by REST (A108)",
  },
  BUFFER_MAX: { kind: "count", fallback: "1000", about: "items kept for a user who is away (A112)" },
  BUFFER_TTL_MS: { kind: "ms", fallback: "300000", about: "for how long they are kept in Redis (A112)" },
  RECEIPT_WINDOW_MS: { kind: "ms", fallback: "500", about: "for which receipts are collected (A115)" },
  TYPING_EVERY_MS: { kind: "ms", fallback: "1000", about: "between typing events of a user in a room (A43)" },
  PRESENCE: {
    kind: "text",
    fallback: "push",
    about: "push: changes are told to the room; lazy: only who asks hears of them (A119)",
  },
  PRESENCE_TTL_MS: {
    kind: "ms",
    fallback: "45000",
    about: "after which users of a dead instance are gone; above the 37.5 s of A54 (A117, I32)",
  },
  PRESENCE_WINDOW_MS: {
    kind: "ms",
    fallback: "500",
    about: "for which changes of a room are collected (I90)",
  },
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
  readonly tokens: TokenSettings;
  readonly auth: AuthMode;
  readonly sessionCookie: string;
  /** In which sessions end whose token ran out, ms. */
  readonly tokenGraceMs: number;
  readonly ticketLifeMs: number;
  /** Empty: nobody may use `/internal/…`. */
  readonly internalToken: string;
  readonly roomAccess: "open" | "members";
  readonly tierAccess: "open" | "claims";
  readonly membershipStaleMs: number;
  readonly limits: UsageLimits;
  readonly trustedProxies: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly requireOrigin: boolean;
  readonly defects: readonly string[];
  readonly beatMs: number;
  /** False: whoever has no heart-beat is never known to be dead. */
  readonly pings: boolean;
  readonly firstMessageMs: number;
  readonly httpTimeouts: { readonly headMs: number; readonly keepAliveMs: number };
  readonly sockJs: { readonly heartbeatMs: number; readonly disconnectDelayMs: number };
  readonly webSocketPaths: readonly string[];
  readonly openFilesFloor: number;
  readonly drainMs: number;
  readonly messageBytesMax: number;
  readonly unacknowledgedMax: number;
  readonly subscriptionsMax: number;
  readonly connectionsMax: number;
  readonly connectionsTarget: number;
  readonly backlog: number;
  readonly eviction: EvictionLimits;
  readonly work: { readonly lanes: number; readonly capacity: number };
  readonly outboxCapacity: number;
  readonly relay: "pubsub" | "streams";
  readonly ordering: { readonly mode: OrderingMode; readonly lockLifeMs: number };
  /** Undefined: events come by HTTP only. */
  readonly ingressStream: string | undefined;
  readonly delivery: {
    readonly replay: { readonly messagesMax: number; readonly windowMs: number };
    readonly buffer: { readonly items: number; readonly ttlMs: number };
    readonly receiptWindowMs: number;
    readonly typingEveryMs: number;
    readonly presence: {
      readonly mode: "push" | "lazy";
      readonly ttlMs: number;
      readonly windowMs: number;
    };
  };
  readonly logLevel: LogLevel;
}

/** Rates are per real time, whatever the time scale: the load is not scaled either. Undefined: no limit. */
export interface UsageLimits {
  readonly sessionsPerUserMax: number;
  readonly slotLifeMs: number;
  readonly userRate: Rate | undefined;
  readonly sessionRate: Rate | undefined;
  readonly handshakeRate: Rate | undefined;
}

export interface EvictionLimits {
  readonly depth: number;
  readonly bytes: number;
  readonly ageMs: number;
}

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** All mistakes at once, so that nobody fixes them one start at a time. */
export type ReadConfig =
  | { readonly config: Config; readonly mistakes?: undefined }
  | { readonly mistakes: readonly string[]; readonly config?: undefined };

export function readConfig(env: Readonly<Record<string, string | undefined>>): ReadConfig {
  const mistakes: string[] = [];
  const preset: Preset | undefined = presets.get(env.PRESET ?? "");
  if (preset === undefined && env.PRESET) {
    mistakes.push(`PRESET is "${env.PRESET}", but must be one of ${[...presets.keys()].join(", ")}`);
  }
  for (const name of Object.keys(preset?.env ?? {})) {
    if (!(name in settings)) mistakes.push(`preset ${preset?.name} sets ${name}, which is no setting`);
  }
  /** Secrets may come as files, as secret stores hand them out (A33). */
  const fromFile = (name: keyof typeof settings): string | undefined => {
    const file = settings[name].kind === "secret" ? env[`${name}_FILE`] : undefined;
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, "utf8").trimEnd();
    } catch (error) {
      mistakes.push(`${name}_FILE cannot be read: ${(error as { code?: string }).code}`);
      return undefined;
    }
  };
  const text = (name: keyof typeof settings): string => {
    const setting: Setting = settings[name];
    const given = env[name] ?? fromFile(name) ?? preset?.env[name] ?? setting.fallback;
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

  const rate = (name: keyof typeof settings): Rate | undefined => {
    const given = text(name);
    if (given === "off") return undefined;
    const [count = 0, windowMs = 0] = /^\d{1,6}\/\d{1,8}$/.test(given) ? given.split("/").map(Number) : [];
    if (count < 1 || windowMs < 1) mistakes.push(`${name} is "${given}", but must be like 10/1000, or off`);
    return { count, windowMs };
  };
  const auth = text("AUTH");
  if (!(authModes as readonly string[]).includes(auth)) {
    mistakes.push(`AUTH is "${auth}", but must be one of ${authModes.join(", ")}`);
  }
  if (auth === "cookie" && text("REQUIRE_ORIGIN") === "false") {
    mistakes.push("AUTH=cookie needs REQUIRE_ORIGIN=true: a foreign page brings the cookie too (A19)");
  }
  const roomAccess = text("ROOM_ACCESS");
  if (roomAccess !== "open" && roomAccess !== "members") {
    mistakes.push(`ROOM_ACCESS is "${roomAccess}", but must be open or members`);
  }
  const previousSecret = text("JWT_SECRET_PREVIOUS");
  if (previousSecret !== "" && text("JWT_KEY_ID_PREVIOUS") === text("JWT_KEY_ID")) {
    mistakes.push("JWT_KEY_ID_PREVIOUS is the same as JWT_KEY_ID: nobody could tell the keys apart");
  }

  const timeScale = number("TIME_SCALE");
  const scaledMs = (name: keyof typeof settings) => Math.max(1, Math.round(number(name) * timeScale));

  const logLevel = text("LOG_LEVEL") as LogLevel;
  if (!logLevels.includes(logLevel)) {
    mistakes.push(`LOG_LEVEL is "${logLevel}", but must be one of ${logLevels.join(", ")}`);
  }
  const webSocketPaths = list("WS_PATHS");
  if (webSocketPaths.length === 0 || !webSocketPaths.every((one) => /^(\/[\w.-]+)+$/.test(one))) {
    mistakes.push(`WS_PATHS is "${text("WS_PATHS")}", but must be one or more paths like /ws`);
  }
  const allowedOrigins = list("ALLOWED_ORIGINS");
  for (const origin of allowedOrigins) {
    if (!/^https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d{1,5}|\*))?$/i.test(origin)) {
      mistakes.push(
        `ALLOWED_ORIGINS has "${origin}", but an origin is like https://app.example.com (never *)`,
      );
    }
  }
  const trustedProxies = list("TRUSTED_PROXIES");
  for (const proxy of trustedProxies) {
    if (!isAddressOrNetwork(proxy)) {
      mistakes.push(`TRUSTED_PROXIES has "${proxy}", but a proxy is like 10.0.0.1 or 10.0.0.0/8`);
    }
  }
  const defects = list("MUTANTS");
  const known = availableDefects();
  for (const name of defects) {
    if (!known.includes(name))
      mistakes.push(`MUTANTS has "${name}", but the defects are ${known.join(", ")}`);
  }

  const relay = text("RELAY");
  if (relay !== "pubsub" && relay !== "streams") {
    mistakes.push(`RELAY is "${relay}", but must be pubsub or streams`);
  }
  const ordering = text("ORDERING");
  if (!(orderingModes as readonly string[]).includes(ordering)) {
    mistakes.push(`ORDERING is "${ordering}", but must be one of ${orderingModes.join(", ")}`);
  }
  const tierAccess = text("TIER_ACCESS");
  if (tierAccess !== "open" && tierAccess !== "claims") {
    mistakes.push(`TIER_ACCESS is "${tierAccess}", but must be open or claims`);
  }
  const presence = text("PRESENCE");
  if (presence !== "push" && presence !== "lazy") {
    mistakes.push(`PRESENCE is "${presence}", but must be push or lazy`);
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
    tokens: {
      keys: [
        { id: text("JWT_KEY_ID"), secret: text("JWT_SECRET") },
        ...(previousSecret === "" ? [] : [{ id: text("JWT_KEY_ID_PREVIOUS"), secret: previousSecret }]),
      ],
      audience: text("JWT_AUDIENCE") || undefined,
      lifeMs: scaledMs("TOKEN_TTL_MS"),
    },
    auth: auth as AuthMode,
    sessionCookie: text("SESSION_COOKIE"),
    tokenGraceMs: scaledMs("TOKEN_GRACE_MS"),
    ticketLifeMs: scaledMs("TICKET_TTL_MS"),
    internalToken: text("INTERNAL_TOKEN"),
    roomAccess: roomAccess as Config["roomAccess"],
    tierAccess: tierAccess as Config["tierAccess"],
    membershipStaleMs: scaledMs("MEMBERSHIP_TTL_MS"),
    limits: {
      sessionsPerUserMax: number("MAX_SESSIONS_PER_USER"),
      slotLifeMs: scaledMs("SLOT_TTL_MS"),
      userRate: rate("USER_RATE"),
      sessionRate: rate("SESSION_RATE"),
      handshakeRate: rate("HANDSHAKE_RATE"),
    },
    trustedProxies,
    allowedOrigins,
    requireOrigin: flag("REQUIRE_ORIGIN"),
    defects,
    beatMs: scaledMs("HEARTBEAT_MS"),
    pings: flag("PINGS"),
    firstMessageMs: scaledMs("FIRST_MESSAGE_MS"),
    httpTimeouts: { headMs: scaledMs("HEADER_TIMEOUT_MS"), keepAliveMs: scaledMs("HTTP_KEEP_ALIVE_MS") },
    sockJs: {
      heartbeatMs: scaledMs("SOCKJS_HEARTBEAT_MS"),
      disconnectDelayMs: scaledMs("SOCKJS_DISCONNECT_DELAY_MS"),
    },
    webSocketPaths,
    openFilesFloor: number("MIN_OPEN_FILES"),
    drainMs: scaledMs("DRAIN_MS"),
    messageBytesMax: number("MAX_MESSAGE_BYTES"),
    unacknowledgedMax: number("MAX_UNACKNOWLEDGED"),
    subscriptionsMax: number("MAX_SUBSCRIPTIONS"),
    connectionsMax: number("MAX_CONNECTIONS"),
    connectionsTarget: number("TARGET_CONNECTIONS"),
    backlog: number("LISTEN_BACKLOG"),
    eviction: { depth: number("EVICT_DEPTH"), bytes: number("EVICT_BYTES"), ageMs: scaledMs("EVICT_AGE_MS") },
    work: { lanes: number("WORK_LANES"), capacity: number("WORK_CAPACITY") },
    outboxCapacity: number("OUTBOX_CAPACITY"),
    relay: relay as Config["relay"],
    ordering: { mode: ordering as OrderingMode, lockLifeMs: scaledMs("LOCK_TTL_MS") },
    ingressStream: text("INGRESS_STREAM") || undefined,
    delivery: {
      replay: { messagesMax: number("REPLAY_MAX"), windowMs: scaledMs("REPLAY_WINDOW_MS") },
      buffer: { items: number("BUFFER_MAX"), ttlMs: scaledMs("BUFFER_TTL_MS") },
      receiptWindowMs: number("RECEIPT_WINDOW_MS"),
      typingEveryMs: number("TYPING_EVERY_MS"),
      presence: {
        mode: presence as "push" | "lazy",
        ttlMs: scaledMs("PRESENCE_TTL_MS"),
        windowMs: number("PRESENCE_WINDOW_MS"),
      },
    },
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
  const systems = [...presets.values()].map(
    ({ name, summary, env }) =>
      `  ${name.padEnd(18)} ${summary} (${Object.entries(env)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ")})`,
  );
  return [
    "Reference STOMP server. Configuration by environment variables:",
    "",
    ...rows,
    "",
    "Presets:",
    "",
    ...systems,
    "",
  ].join("\n");
}

const whole = /^\d+$/;
const numbers = {
  port: { about: "a port, 0 to 65535", pattern: whole, min: 0, max: 65_535 },
  count: { about: "a whole number, 1 or more", pattern: whole, min: 1, max: 1_000_000 },
  ms: { about: "milliseconds, 1 or more", pattern: whole, min: 1, max: 86_400_000 },
  bytes: { about: "a number of bytes, 128 or more", pattern: whole, min: 128, max: 1_073_741_824 },
  factor: { about: "a factor above 0, up to 100", pattern: /^\d*\.?\d+$/, min: 0.001, max: 100 },
};
