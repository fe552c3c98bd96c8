import type { IncomingMessage, ServerResponse } from "node:http";
import { pathOf, webSocketPaths } from "./admission.ts";
import type { Metrics } from "./metrics.ts";
import { availableDefects, loadDefect } from "./mutants.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Why not, by dependency. */
  readonly reasons: Readonly<Record<string, string>>;
}

export interface HttpServices {
  readonly serverId: string;
  readonly defects: readonly string[];
  readonly metrics: Metrics;
  readiness(): Promise<Readiness>;
}

/** The few pages beside the WebSocket: health, metrics, and which defects are on. */
export function createPages(services: HttpServices) {
  const live = () => json(200, { status: "UP", serverId: services.serverId });
  const ready = async () => {
    const { ready, reasons } = await services.readiness();
    return json(ready ? 200 : 503, { status: ready ? "UP" : "DOWN", serverId: services.serverId, reasons });
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
      body: await services.metrics.registry.metrics(),
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
    if (webSocketPaths.includes(path)) {
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

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function json(status: number, value: unknown): Page {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

function answer(response: ServerResponse, page: Page): void {
  response.writeHead(page.status, {
    "content-type": page.type,
    "content-length": Buffer.byteLength(page.body),
    "x-frame-options": "DENY",
    "cache-control": "no-store",
  });
  response.end(page.body);
}
