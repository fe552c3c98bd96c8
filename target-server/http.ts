import type { IncomingMessage, ServerResponse } from "node:http";
import { pathOf } from "./admission.ts";
import type { Metrics } from "./metrics.ts";
import { availableDefects, loadDefect } from "./mutants.ts";
import { BadRequest, findRoute, json, type Page, type Route, readJson } from "./route.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Why not, by dependency. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Connections to Postgres (A83). */
  readonly pool: Readonly<Record<"used" | "idle" | "waiting" | "max", number>>;
}

export interface HttpServices {
  readonly serverId: string;
  readonly defects: readonly string[];
  readonly metrics: Metrics;
  readonly webSocketPaths: readonly string[];
  /** What of the metrics may be seen. */
  exposeMetrics(page: string): string;
  isAlive(): boolean | Promise<boolean>;
  readiness(): Promise<Readiness>;
  /** What else can be asked, see `route.ts`. */
  readonly routes: readonly Route[];
  /** May the bearer of this `Authorization` header use `/internal/…`? (B178) */
  mayUseInternal(authorization: string | undefined): boolean;
}

/** The few pages beside the WebSocket: health, metrics, and which defects are on. */
export function createPages(services: HttpServices) {
  const live = async () => {
    const alive = await services.isAlive();
    return json(alive ? 200 : 503, { status: alive ? "UP" : "DOWN", serverId: services.serverId });
  };
  const ready = async () => {
    const { ready, reasons, pool } = await services.readiness();
    const status = ready ? "UP" : "DOWN";
    return json(ready ? 200 : 503, { status, serverId: services.serverId, reasons, pool });
  };
  const pages: Readonly<Record<string, () => Promise<Page> | Page>> = {
    // Never depends on a store: a blip of Redis must not restart the fleet (I46, A128).
    "/health/live": live,
    "/actuator/health/liveness": live,
    "/health/ready": ready,
    "/actuator/health": ready,
    "/actuator/health/readiness": ready,
    "/metrics": async () => ({
      status: 200,
      type: services.metrics.registry.contentType,
      body: services.exposeMetrics(await services.metrics.registry.metrics()),
    }),
    "/internal/mutants": async () => {
      const all = await Promise.all(availableDefects().map(loadDefect));
      const available = all.map(({ name, summary, requirement }) => ({ name, summary, requirement }));
      return json(200, { active: services.defects, available });
    },
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request);
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page === undefined) {
      const answered = await answerRoute(services, request, path);
      if (answered !== undefined) return answer(response, answered);
    }
    if (services.webSocketPaths.includes(path)) {
      response.setHeader("upgrade", "websocket");
      answer(response, json(426, { reason: "upgrade-required" }));
    } else if (page === undefined) {
      answer(response, json(404, { reason: "not-found" }));
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      answer(response, json(405, { reason: "method-not-allowed" }));
    } else {
      answer(response, await page());
    }
  };
}

async function answerRoute(
  services: HttpServices,
  request: IncomingMessage,
  path: string,
): Promise<Page | undefined> {
  try {
    const found = findRoute(services.routes, request.method, path);
    if (found === undefined) return undefined;
    if (path.startsWith("/internal/") && !services.mayUseInternal(request.headers.authorization)) {
      services.metrics.authFailures.inc({ stage: "internal", reason: "not-allowed" });
      return json(401, { reason: "internal-token-missing-or-wrong" });
    }
    if (found === "wrong-method") return json(405, { reason: "method-not-allowed" });
    const query = new URL(request.url ?? "/", "http://any").searchParams;
    return await found.route.answer({ request, params: found.params, query, json: () => readJson(request) });
  } catch (error) {
    if (error instanceof BadRequest) return json(error.status, { reason: error.message });
    throw error;
  }
}

function answer(response: ServerResponse, page: Page): void {
  response.writeHead(page.status, {
    "content-type": page.type,
    "content-length": Buffer.byteLength(page.body),
    "x-frame-options": "DENY",
    "cache-control": "no-store",
    ...page.headers,
  });
  response.end(page.body);
}
