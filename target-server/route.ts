import type { IncomingMessage } from "node:http";

/** An answer of the HTTP side. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One thing that can be asked by HTTP beside the pages of `http.ts`. Under `/internal/` only who has the internal
 * token is heard (B178); everything else looks at the `Authorization` header itself.
 */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Against the whole path, without the query; its groups come back decoded as `params`. */
  readonly path: RegExp;
  answer(asked: Asked): Promise<Page> | Page;
}

export interface Asked {
  readonly request: IncomingMessage;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /**
   * The body as JSON; an empty one is `undefined`.
   * @throws BadRequest when it is too large or no JSON.
   */
  json(): Promise<unknown>;
}

/** Answered as it says; anything else that a route throws is a bug. */
export class BadRequest extends Error {
  readonly status: number;
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** Of a body: these requests carry names and a little JSON; content goes by WebSocket or by reference (A71). */
const BODY_BYTES_MAX = 65_536;

export function json(status: number, value: unknown, headers?: Page["headers"]): Page {
  const page = { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
  return headers === undefined ? page : { ...page, headers };
}

/** The route for this request; `wrong-method` when the path is known for another one. */
export function findRoute(
  routes: readonly Route[],
  method: string | undefined,
  path: string,
): { readonly route: Route; readonly params: readonly string[] } | "wrong-method" | undefined {
  let known = false;
  for (const route of routes) {
    const match = route.path.exec(path);
    if (match === null || match[0] !== path) continue;
    known = true;
    if (route.method !== method) continue;
    const params = match.slice(1).map(decoded);
    return { route, params };
  }
  return known ? "wrong-method" : undefined;
}

/** Never buffers more than the limit. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw new BadRequest(413, "body-too-large");
    chunks.push(chunk as Buffer);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new BadRequest(400, "body-is-no-json");
  }
}

function decoded(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    throw new BadRequest(400, "bad-path");
  }
}
