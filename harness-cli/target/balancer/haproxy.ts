import { CONNECT_MS, COOKIE, type InForce, MIRROR_PATH, VERSION_PATH, VISIT_PATH } from "./description.ts";

/** For the head of a request: a connection that never sends one is not idle but stuck. */
const REQUEST_MS = 10_000;
/**
 * An ALB asks every 15 s, for at most 5 s, and needs 2 answers to believe in a server and 3 failures to drop it (F9).
 * Here faults last seconds: the counts are kept, the times are not.
 */
const CHECK = "check inter 1s rise 2 fall 3";

/**
 * The text of `haproxy.cfg`; `admin` is where it takes commands, as `stats socket` has it, and `connections` the most
 * that it prepares for. HTTP/1.0 and buffering it cannot do.
 */
export function haproxyConfig(settings: InForce, admin: string, connections?: number): string {
  const { listen, version, mirror, balance, idleTimeoutMs, forwardsHeaders, passesUpgrade } = settings;
  const { failsOver, connectionsMax, servers } = settings;
  return `global
  nbthread 1
${connections === undefined ? "" : `  maxconn ${connections}\n`}  stats socket ${admin} level admin expose-fd listeners

defaults
  mode http
  timeout connect ${CONNECT_MS}ms
  timeout client ${idleTimeoutMs}ms
  timeout server ${idleTimeoutMs}ms
  timeout tunnel ${idleTimeoutMs}ms
  timeout http-request ${REQUEST_MS}ms
${failsOver ? "  option redispatch\n  retries 2\n  retry-on conn-failure empty-response" : "  retries 0"}
${forwardsHeaders ? "  option forwardfor" : ""}

frontend clients
  bind ${listen}
  http-request return status 200 content-type text/plain string "${version}" if { path ${VERSION_PATH} }
${connectionsMax > 0 ? `  http-request deny deny_status 503 if { fe_conn gt ${connectionsMax} }` : ""}
${passesUpgrade ? "" : "  http-request del-header Upgrade\n  http-request del-header Connection"}
  use_backend mirror if { path ${MIRROR_PATH} }
  use_backend in-turn if { path ${VISIT_PATH} }
  default_backend servers

backend servers
  balance ${balance === "least-connections" ? "leastconn" : "roundrobin"}
${balance === "cookie" ? `  cookie ${COOKIE} insert indirect nocache` : ""}
  option httpchk GET /health/ready
  http-response set-header X-Served-By %s
${servers
  .map(
    ({ name, address, drained }) =>
      `  server ${name} ${address} weight ${drained ? 0 : 100}${balance === "cookie" ? ` cookie ${name}` : ""}${failsOver ? ` ${CHECK}` : ""}`,
  )
  .join("\n")}

backend in-turn
  balance roundrobin
  http-request set-path /health/live
  http-response set-header X-Served-By %s
${servers
  .map(
    ({ name, address, drained }) =>
      `  server ${name} ${address} weight ${drained ? 0 : 100}${failsOver ? ` track servers/${name}` : ""}`,
  )
  .join("\n")}

backend mirror
  server mirror ${mirror}
`;
}
