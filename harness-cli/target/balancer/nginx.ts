import { CONNECT_MS, COOKIE, type InForce, MIRROR_PATH, VERSION_PATH, VISIT_PATH } from "./description.ts";

/** One worker process: two would each count and draw for themselves. More connections than the file limit allows. */
const CONNECTIONS = 8_192;
/**
 * nginx would leave out a server that failed, and believe in it again when a request to it has ended well. A WebSocket
 * ends when it closes: until then a server that came back gets one connection for each fail_timeout, whatever the
 * algorithm (1.31, measured). So it is not to count failures; who refuses costs a moment, and another one is tried.
 */
const NEVER_LEFT_OUT = "max_fails=0";

/** The text of `nginx.conf`, for a prefix folder of its own that has `temp/`. `user`: as root, whom its worker runs as. */
export function nginxConfig(settings: InForce, user?: string): string {
  const { listen, mirror, version, balance } = settings;
  return `daemon off;
worker_processes 1;
${user === undefined ? "" : `user ${user};\n`}pid nginx.pid;
error_log stderr warn;
events { worker_connections ${CONNECTIONS}; }
http {
  access_log off;
  default_type text/plain;
${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `  ${name}_temp_path temp/${name};`).join("\n")}
  map $http_upgrade $connection_header { default upgrade; '' ''; }
${servedBy(settings)}
${upstream("servers", settings, () => "")}
${upstream("in_turn", { ...settings, balance: "round-robin" }, () => "")}
${balance === "cookie" ? affinity(settings) : ""}
  upstream mirror { server ${mirror}; }
${limitZone(settings)}
  server {
    listen ${listen};
    add_header X-Served-By $served_by always;
${balance === "cookie" ? "    add_header Set-Cookie $served_cookie always;\n" : ""}
${passing(settings)
  .map((line) => `    ${line};`)
  .join("\n")}

    location = ${VERSION_PATH} { return 200 ${version}; }
    location = ${VISIT_PATH} { proxy_pass http://in_turn/health/live; }
    location = ${MIRROR_PATH} { proxy_pass http://mirror; }
    location / { proxy_pass http://${balance === "cookie" ? "$affine" : "servers"}; }
  }
}
`;
}

/** How a request is passed on, whoever it is for. */
function passing(settings: InForce): string[] {
  const { idleTimeoutMs, passesUpgrade, upstreamHttp, forwardsHeaders, buffers, failsOver } = settings;
  const { connectionsMax, version } = settings;
  return [
    `proxy_http_version ${upstreamHttp}`,
    `proxy_connect_timeout ${CONNECT_MS}ms`,
    `proxy_read_timeout ${idleTimeoutMs}ms`,
    `proxy_send_timeout ${idleTimeoutMs}ms`,
    `proxy_buffering ${buffers ? "on" : "off"}`,
    `proxy_next_upstream ${failsOver ? "error timeout" : "off"}`,
    ...(passesUpgrade
      ? ["proxy_set_header Upgrade $http_upgrade", "proxy_set_header Connection $connection_header"]
      : ["proxy_set_header Connection close"]),
    ...(forwardsHeaders
      ? ["proxy_set_header Host $host", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"]
      : ["proxy_set_header Host $proxy_host"]),
    ...(connectionsMax > 0
      ? [`limit_conn clients${version} ${connectionsMax}`, "limit_conn_status 503"]
      : []),
  ];
}

function upstream(name: string, settings: InForce, role: (server: string) => string): string {
  const lines = settings.servers.map((server) => {
    const state = server.drained ? "down" : NEVER_LEFT_OUT;
    return `    server ${server.address} ${state}${role(server.name)};`;
  });
  const method = settings.balance === "least-connections" ? "    least_conn;\n" : "";
  return `  upstream ${name} {\n${method}${lines.join("\n")}\n  }`;
}

/**
 * The last address of `$upstream_addr` answered; those before it were tried in vain. Its port alone says whose it is:
 * nginx tells the IP address that it found for a name.
 */
function servedBy({ servers }: InForce): string {
  const lines = (value: (name: string) => string) =>
    servers
      .map(({ name, address }) => `    "~${address.slice(address.lastIndexOf(":"))}$" "${value(name)}";`)
      .join("\n");
  return `  map $upstream_addr $served_by {\n    default "";\n${lines((name) => name)}\n  }
  map $upstream_addr $served_cookie {\n    default "";\n${lines((name) => `${COOKIE}=${name}; Path=/; HttpOnly`)}\n  }`;
}

/** The free nginx has no sticky cookies: each server leads a group of its own, with the others behind it. */
function affinity(settings: InForce): string {
  const groups = settings.servers.map(({ name }) =>
    upstream(`to-${name}`, settings, (other) => (other === name ? "" : " backup")),
  );
  const lines = settings.servers.map(({ name }) => `    ${name} to-${name};`);
  return `${groups.join("\n")}\n  map $cookie_${COOKIE} $affine {\n    default servers;\n${lines.join("\n")}\n  }`;
}

/**
 * Named anew in each configuration: what an old worker still holds does not count against the new one's limit, as with
 * HAProxy.
 */
function limitZone({ connectionsMax, version }: InForce): string {
  return connectionsMax > 0 ? `  limit_conn_zone $server_port zone=clients${version}:1m;` : "";
}
