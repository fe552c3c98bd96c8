/**
 * Every row of section E of the requirements. Which faults build it is said by the faults themselves; here is what it
 * asks for, and where it lives or why it does not when no fault builds it. `fault-rows.test.ts` holds all of it.
 */
export interface FaultRow {
  readonly id: `E${number}`;
  /** What it asks for, in a line. */
  readonly says: string;
  /** Where it is when it is no fault: another room, a setting, the code that respects a trap. */
  readonly lives?: string;
  /** Why there is nothing, or not all of it. */
  readonly why?: string;
  /** For a row that no fault builds: the file that `lives` speaks of. */
  readonly file?: string;
  /** The proof, for a row that no fault builds. Its title holds the row's id. */
  readonly test?: { readonly file: string; readonly title: string };
}

const LINKS = "harness-cli/target/faults-links.e2e.ts";
const BALANCERS = "harness-cli/target/fixtures/balancer-trials.ts";
const GENERATOR = "load, not disturbance: a scenario's clients do it";
const REGIONS = "two regions are two topologies joined by slow links, and the reference system is one";

export const faultRows: readonly FaultRow[] = [
  { id: "E1", says: "latency and jitter between client and edge" },
  { id: "E2", says: "round trips between regions, 10 to 300 ms: half of it in each direction" },
  { id: "E3", says: "a thin pipe to one client" },
  { id: "E4", says: "a black hole; half-open" },
  { id: "E5", says: "connection reset (RST)" },
  { id: "E6", says: "the edge or a dependency refuses" },
  { id: "E7", says: "slow close" },
  { id: "E8", says: "tiny segments" },
  { id: "E9", says: "cut after so many bytes" },
  {
    id: "E10",
    says: "a client stops reading",
    lives:
      "on the client's own link: half-open holds everything back without losing a byte; a client that does so itself is a scenario",
    file: "chaos/faults/half-open.ts",
    test: {
      file: "harness-cli/e2e/frame-faults.e2e.ts",
      title:
        "E10, E60: a held connection pushes back: little is kept in the proxy, the rest waits in the server",
    },
  },
  { id: "E11", says: "a client vanishes without FIN" },
  {
    id: "E12",
    says: "a planned stop (SIGTERM, then SIGKILL)",
    lives:
      "to scale in is terminate until the run's end; to scale out is the end of its window, since the load knows every address from its start",
  },
  { id: "E13", says: "a crash (SIGKILL)" },
  { id: "E14", says: "a process stands still" },
  { id: "E15", says: "out of memory" },
  { id: "E16", says: "CPU starvation" },
  { id: "E17", says: "Redis down: cut refuses, blackhole and freeze hang" },
  { id: "E18", says: "Redis slow" },
  { id: "E19", says: "Redis hangs" },
  { id: "E20", says: "Redis loses data" },
  { id: "E21", says: "subscriber connections killed" },
  { id: "E22", says: "Redis failover: replica promoted, links repointed" },
  { id: "E23", says: "one instance cut from Redis" },
  { id: "E24", says: "a slow relay subscriber: a thin link of one server to Redis" },
  { id: "E25", says: "a poison envelope" },
  { id: "E26", says: "Postgres down" },
  { id: "E27", says: "Postgres slow" },
  { id: "E28", says: "Postgres locked, or slow statements" },
  { id: "E29", says: "backends killed, connections exhausted" },
  { id: "E30", says: "the commit fails, for marked rooms" },
  { id: "E31", says: "Postgres reads only" },
  { id: "E32", says: "a proxy's idle time-out" },
  { id: "E33", says: "Upgrade headers stripped" },
  {
    id: "E34",
    says: "HTTP/1.0 to the upstream",
    lives: "nginx only: HAProxy speaks HTTP/1.1 to its servers, always",
  },
  {
    id: "E35",
    says: "buffering on",
    why: "measured: it has no effect on WebSocket; the balancer's description has it as `buffers`, for the streaming fallbacks, which no scenario uses yet",
  },
  { id: "E36", says: "a dead upstream in the list" },
  {
    id: "E37",
    says: "HAProxy's modes and time-outs",
    lives:
      "idle-timeout sets its client, server and tunnel time-outs together; connection-limit is its other limit",
  },
  {
    id: "E38",
    says: "HTTP/2 in front",
    why: "neither k6 nor the native engine opens a WebSocket over HTTP/2 (RFC 8441), and the free nginx passes none on",
  },
  {
    id: "E39",
    says: "sticky cookies",
    lives: "no disturbance but a choice: --balance cookie, in nginx and HAProxy",
    file: "harness-cli/target/balancer/nginx.ts",
    test: {
      file: BALANCERS,
      title: "E39, F8: with cookies a client comes back to its server, and to another one when that is gone",
    },
  },
  { id: "E40", says: "a backend removed or drained; a reload" },
  { id: "E41", says: "health flips" },
  { id: "E42", says: "clock skew of one instance" },
  {
    id: "E43",
    says: "a flood of handshakes",
    lives: `${GENERATOR}: reconnect-storm`,
    file: "scenarios/reconnect-storm.ts",
  },
  {
    id: "E44",
    says: "a flood of messages",
    lives: `${GENERATOR}: the senders of ramp, their rate is a parameter`,
    file: "scenarios/ramp.ts",
  },
  { id: "E45", says: "oversize senders", why: `${GENERATOR}; no scenario has them yet` },
  {
    id: "E46",
    says: "token expiry, bans, key rotation",
    lives: "settings and acts of an operator: TOKEN_TTL_MS, JWT_SECRET_PREVIOUS, the bans of /internal/",
    file: "target-server/identity-routes.ts",
  },
  {
    id: "E47",
    says: "hostile origins",
    lives: "headers of a client, not a disturbance: the server's rule for them",
    file: "target-server/origin.ts",
  },
  { id: "E48", says: "a low limit of file descriptors" },
  {
    id: "E49",
    says: "a small backlog",
    lives:
      "the setting LISTEN_BACKLOG of the reference server: Node fixes it with the listening socket, so it cannot be turned while it runs",
    file: "target-server/config.ts",
  },
  {
    id: "E50",
    says: "a region stops: kill at server-all, or the user's own command",
    why: `for more than one region: ${REGIONS}`,
  },
  { id: "E51", says: "replication lag", why: `the reference system has one Postgres; ${REGIONS}` },
  { id: "E52", says: "slow DNS failover", why: `clients that wait before they use region B; ${REGIONS}` },
  { id: "E53", says: "debug logging" },
  {
    id: "E54",
    says: "bad client policies",
    lives: "defects of the load, switched by --defect",
    file: "scenarios/defects/reconnect-fixed-delay.ts",
  },
  { id: "E55", says: "duplicate events" },
  {
    id: "E56",
    says: "packet loss and reordering",
    why: "tc netem wants NET_ADMIN and would hit the loopback of the whole machine; TCP hides both from the protocol, and what is left to see, frames late, lost or overtaken, the frame faults do to chosen victims",
  },
  { id: "E57", says: "partition between instances: their only way to each other is Redis, one link each" },
  { id: "E58", says: "loss in one direction" },
  {
    id: "E59",
    says: "trap: Toxiproxy's timeout drops bytes and closes on removal",
    lives:
      "blackhole says so and explains the close; half-open is the partition that heals on the same connection",
    test: {
      file: LINKS,
      title:
        "E4, E11, E59: a black hole keeps the connection and drops its bytes; healing it ends the connection",
    },
  },
  {
    id: "E60",
    says: "trap: latency's queue of 1,024 chunks hides back-pressure",
    lives:
      "frame-delay and half-open push back instead; latency says in its comment that it is none for slow readers",
    file: "chaos/faults/latency.ts",
    test: {
      file: "harness-cli/e2e/frame-faults.e2e.ts",
      title:
        "E10, E60: a held connection pushes back: little is kept in the proxy, the rest waits in the server",
    },
  },
  {
    id: "E61",
    says: "trap: bandwidth 0 is not a stop",
    lives:
      "bandwidth begins at 1; measured with 2.12, 0 passes nothing at all, though its source means unlimited",
    file: "chaos/faults/bandwidth.ts",
    test: { file: LINKS, title: "E61: rate 0 is not offered; Toxiproxy 2.12 passes nothing at all with it" },
  },
  {
    id: "E62",
    says: "trap: toxicity is drawn anew",
    lives: "never offered, always 1: victims are chosen by our seed, and each class of clients has its link",
    file: "chaos/toxiproxy.ts",
    test: {
      file: "chaos/toxiproxy.test.ts",
      title: "E62: a toxic hits every connection of its link: toxicity is always 1",
    },
  },
  {
    id: "E63",
    says: "trap: changing toxics can block behind a stuck writer",
    lives:
      "every call has its deadline; a proxy that is blocked is deleted and made anew, since disabling it does not free it (2.12, measured)",
    file: "chaos/toxiproxy.ts",
    test: {
      file: LINKS,
      title:
        "E63: a toxic that cannot be added or removed behind a stuck writer costs the link its connections, no more",
    },
  },
  {
    id: "E64",
    says: "trap: every socket buffer on the way must fill before the server sees a slow reader",
    lives:
      "for slow readers: the server is asked how much waits (bytes and age), and bandwidth is seen by bytes that pass, not by the first message",
    file: "chaos/slowed-carry.ts",
  },
  {
    id: "E65",
    says: "trap: one address has some 28,000 ports",
    lives:
      "what listens is kept out of the range of outgoing ports; the generator is judged before the target",
    file: "harness-cli/target/ports.ts",
  },
  {
    id: "E66",
    says: "trap: handshake limits per address block the generator",
    lives: "TRUSTED_PROXIES: this machine is not limited itself, and its X-Forwarded-For is believed",
    file: "target-server/config.ts",
  },
  {
    id: "E67",
    says: "trap: a restart policy masks a crash",
    lives: "nobody is started again but by a fault's undo; a death that no fault explains fails the run",
    file: "harness-cli/target/process-port.ts",
    test: {
      file: "harness-cli/target/faults.e2e.ts",
      title: "E67: a process that dies by itself is news that nobody expected, with its last lines",
    },
  },
  {
    id: "E68",
    says: "trap: the edge proxy adds two sockets per client and its own limits",
    lives: "the direct path beside both proxies in one run: npm run bench -- frame-proxy",
    file: "harness-cli/bench/frame-proxy.ts",
  },
];
