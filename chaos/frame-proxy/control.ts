import http from "node:http";
import { json } from "node:stream/consumers";
import type { LinkProxy } from "./link-proxy.ts";
import type { FrameRule } from "./rule.ts";

/**
 * How others tell the proxy what to do, on a loopback port of its own:
 *
 *     GET    /links                    traffic of each link
 *     POST   /links/<name>/rules       a `FrameRule`; answers `{ "id": … }`
 *     GET    /links/<name>/rules/<id>  `RuleState`, 404 when it is not in force
 *     DELETE /links/<name>/rules/<id>  lifts it and answers its last `RuleState`
 */
export function controlServer(links: readonly LinkProxy[]): http.Server {
  return http.createServer((request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    handle(links, request).then(
      ({ status, body }) => answer(status, body),
      (error: unknown) => answer(500, { error: String(error) }),
    );
  });
}

async function handle(
  links: readonly LinkProxy[],
  request: http.IncomingMessage,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const [, linksPart, name, rulesPart, id] = (request.url ?? "").split("/").map(decodeURIComponent);
  if (linksPart !== "links") return { status: 404, body: null };
  if (name === undefined) {
    return { status: 200, body: Object.fromEntries(links.map((link) => [link.name, link.traffic()])) };
  }
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined || rulesPart !== "rules") return { status: 404, body: null };
  if (request.method === "POST")
    return { status: 201, body: { id: link.disturb((await json(request)) as FrameRule) } };
  const state = request.method === "DELETE" ? link.lift(id ?? "") : link.state(id ?? "");
  return state === undefined ? { status: 404, body: null } : { status: 200, body: state };
}
