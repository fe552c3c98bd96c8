import type { RequirementTitle } from "./row.ts";

/** Section B: production mistakes. */
export const mistakeRows: readonly RequirementTitle[] = [
  { id: "B1", title: "lb-idle-timeout-60s: proxy/LB closes a tunnel after 60 s without data" },
  { id: "B2", title: "heartbeat-disabled: CONNECTED negotiates `0,0` (the stated default)" },
  { id: "B3", title: "heartbeat-slower-than-idle-timeout: interval above the LB timeout" },
  { id: "B4", title: "heartbeat-one-direction: only one side beats, so one side can never detect death" },
  { id: "B5", title: "tcp-keepalive-only: relies on the 2 h OS keepalive" },
  { id: "B6", title: "zombie-sessions-never-reaped: no reaping of half-open peers; memory grows to OOM" },
  { id: "B7", title: "dead-detection-too-slow: miss factor too large (real Spring uses 3x = 75 s at 25 s)" },
  { id: "B8", title: "dead-detection-too-tight: no tolerance: one late beat kills a healthy client" },
  {
    id: "B9",
    title:
      "activity-timeout-equals-ping-interval: 30 s no-activity close with pings at 25-30 s: races and kills healthy idle clients",
  },
  { id: "B10", title: "no-first-message-deadline: sockets that never CONNECT are kept" },
  { id: "B11", title: "connection-gauge-leak: gauge not decremented on every path" },
  { id: "B12", title: "disconnect-cleanup-missing: presence, subscriptions, in-flight state stay" },
  { id: "B13", title: "heartbeat-starved-by-handlers: beats share the pool/loop with blocked work" },
  { id: "B14", title: "health-green-while-wedged: port and health answer but messages are not processed" },
  { id: "B15", title: "idle-timeout-3600-still-finite: one-hour timeout without beats only delays the drop" },
  {
    id: "B16",
    title: "reconnect-fixed-delay: all clients retry at T+1 s; 5,000 attempts in one second; cascade",
  },
  {
    id: "B17",
    title: "jitter-window-too-small: 0-1 s additive jitter on equal delay still lands all in one second",
  },
  {
    id: "B18",
    title: "jitter-lost-at-cap: `min(exp + jitter, cap)`: at the cap every delay is exactly 30 s",
  },
  {
    id: "B19",
    title:
      "backoff-reset-on-open: attempt counter reset on connect, so accept-then-close loops hammer at base delay",
  },
  {
    id: "B20",
    title:
      "retry-give-up-too-soon: max 10 retries (about 303 s with 1-60 s) vs an RTO of 2-5 min: clients stay dead",
  },
  { id: "B21", title: "no-shutdown-notice: SIGTERM drops sockets without notice" },
  { id: "B22", title: "abrupt-close-1006: exit without close frames" },
  {
    id: "B23",
    title:
      "notice-broadcast-cluster-wide: notice goes through the relay/broker, so clients of healthy instances leave too",
  },
  { id: "B24", title: 'notice-fixed-delay: "Reconnect in 15/30 s" as one number makes a herd at T+15/T+30' },
  { id: "B25", title: "drain-shorter-than-notice: sleeps 2 + 5 s, but told clients 30 s" },
  { id: "B26", title: "accepts-while-draining: new upgrades accepted after SIGTERM" },
  { id: "B27", title: "stop-timeout-too-short: container killed before drain ends" },
  { id: "B28", title: "in-flight-lost-on-shutdown: accepted messages not flushed/committed at exit" },
  { id: "B29", title: "deploy-all-at-once: all old instances replaced together" },
  { id: "B30", title: "no-prewarm: new tasks get traffic before healthy" },
  { id: "B31", title: "sticky-skew: cookie affinity makes 8,000 vs 2,000" },
  { id: "B32", title: "sticky-herd-per-instance: one failed instance's sticky clients all move at once" },
  {
    id: "B33",
    title:
      "no-rebalance-after-restart: restarted/new instance stays nearly empty (long-lived connections don't move)",
  },
  {
    id: "B34",
    title: "no-n-minus-1-headroom: survivors cannot take the dropped share (15,000 on 3 to 7,500 each on 2)",
  },
  { id: "B35", title: "scale-in-drops-connections: eager scale-in closes live sockets" },
  {
    id: "B36",
    title:
      "expensive-handshake: per-connect work (auth, drain, history) collapses under a storm: cascade of fail-and-retry",
  },
  { id: "B37", title: "crash-oom-limping: continues in a broken state after OOM" },
  { id: "B38", title: "broadcast-before-persist: fan-out first, save second" },
  { id: "B39", title: "broadcast-inside-transaction: publish before commit; rollback leaves a phantom" },
  {
    id: "B40",
    title: "async-persist-fire-and-forget: save in a detached task; errors swallowed; still confirmed",
  },
  {
    id: "B41",
    title:
      "commit-then-crash-no-outbox: row committed, process dies before publish: live subscribers never see it",
  },
  { id: "B42", title: "in-memory-broker-in-cluster: broadcast reaches only local clients" },
  { id: "B43", title: "user-send-local-only: user queue resolved only in the local registry" },
  { id: "B44", title: "relay-double-delivery: origin delivers locally and again from Redis" },
  { id: "B45", title: "relay-publish-error-swallowed: Redis error only logged; sender told OK" },
  {
    id: "B46",
    title:
      "relay-no-resubscribe: after a Redis blip the subscriber connection is back but without its pattern",
  },
  {
    id: "B47",
    title: "pubsub-loss-not-replayed: pub/Sub is ephemeral; what was published while disconnected is lost",
  },
  { id: "B48", title: "partial-broadcast-on-crash: 500 of 1,000 subscribers get it, the rest never" },
  { id: "B49", title: "pending-cleared-by-first-ack: shared `pending:room` entry removed by the first ACK" },
  {
    id: "B50",
    title:
      'pending-scored-by-timestamp: timestamp score: equal or skewed times are skipped/duplicated on "after X"',
  },
  { id: "B51", title: "no-replay-on-resume: `last_seen_sequence` ignored" },
  { id: "B52", title: "replay-off-by-one: range inclusive or skips first" },
  { id: "B53", title: "replay-out-of-order-with-live: live messages interleave before the replay completes" },
  {
    id: "B54",
    title: "history-subscribe-gap: history fetched, then topic subscribed; messages between are lost",
  },
  {
    id: "B55",
    title: "replay-window-silently-trimmed: older than TTL/size: returns what is left without saying so",
  },
  { id: "B56", title: "duplicates-on-resume: no stable id across relay/replay, dedupe impossible" },
  { id: "B57", title: "full-history-replay-each-reconnect: replays everything instead of after X" },
  {
    id: "B58",
    title:
      "offline-buffer-never-drained: drain hooks the CONNECTED command on the inbound channel, which never sees it",
  },
  {
    id: "B59",
    title:
      "drain-before-subscribe: drained at CONNECT, before the client subscribed; messages go to nobody, then key deleted",
  },
  { id: "B60", title: "drain-delete-race: LRANGE, send, DEL: items pushed in between, or a crash, are lost" },
  { id: "B61", title: "offline-buffer-unbounded: TTL renewed on every push and no length cap" },
  { id: "B62", title: "offline-buffer-expiry-no-fallback: after 5 min the message is gone, no DB fallback" },
  {
    id: "B63",
    title: "zombie-window-loss: half-open client counts as online, so nothing is buffered for up to 40 s",
  },
  {
    id: "B64",
    title: 'offline-decision-per-instance: "No active connection" is judged on the local registry',
  },
  { id: "B65", title: "out-of-order-async: multi-thread handling reorders M1, M2, M3" },
  {
    id: "B66",
    title:
      "sequence-after-async-save: sequence assigned at arrival, published at save completion (or reverse): wire order differs from seq",
  },
  { id: "B67", title: "sequence-gap-stall: a lost seq makes the client wait for ever" },
  { id: "B68", title: "sequence-reset-on-redis-loss: INCR restarts at 1; clients drop all as old" },
  { id: "B69", title: "client-clock-ordering: uses client time for order" },
  { id: "B70", title: "server-clock-skew-ordering: server timestamps from several instances disagree" },
  { id: "B71", title: "room-executor-leak: one executor per room never reclaimed" },
  { id: "B72", title: "room-order-per-instance-only: single-thread order holds per instance, not cluster" },
  { id: "B73", title: "room-lock-no-ttl: SETNX lock without expiry: holder crash blocks the room" },
  { id: "B74", title: "snowflake-as-number: 64-bit id sent as JSON number, precision lost" },
  {
    id: "B75",
    title: "streams-shared-group: all servers in one consumer group: each entry reaches one server only",
  },
  { id: "B76", title: "streams-read-from-dollar: reads with `$` each loop or after reconnect" },
  { id: "B77", title: "consumer-retry-duplicates: event consumer retries without idempotency key" },
  { id: "B78", title: "server-events-not-routed: event raised on instance 2 for a user on 1 is dropped" },
  { id: "B79", title: "receipts-unbatched: one WS message per read" },
  { id: "B80", title: "receipts-not-relayed: receipt lost when sender sits elsewhere" },
  { id: "B81", title: "status-stuck-sent: DELIVERED/READ never set or regresses" },
  { id: "B82", title: "acks-trip-rate-limit: per-message ACK SENDs count against 10/s" },
  { id: "B83", title: "double-encoded-payload: JSON string wrapped as JSON string through the relay" },
  {
    id: "B84",
    title: "relay-poison-message: a malformed envelope kills the subscriber loop or is silently eaten",
  },
  {
    id: "B85",
    title: "topic-only-state-push: offline users get nothing because topics drop without subscribers",
  },
  { id: "B86", title: "wrong-recipient: user queue resolved to the wrong session (name mismatch)" },
  { id: "B87", title: "reply-broadcast: initial state or `@SendToUser` reply broadcast to all" },
  {
    id: "B88",
    title:
      "relay-channel-mismatch: publisher and pattern disagree (`ws:topic:` vs `ws:/topic/`, or `chat:*`)",
  },
  { id: "B89", title: "stomp-relay-pointed-at-redis: STOMP relay configured with Redis host/port" },
  { id: "B90", title: "presence-in-memory: each instance shows only its own users" },
  { id: "B91", title: "presence-no-ttl: crash leaves ghosts for ever" },
  {
    id: "B92",
    title: "presence-shared-set-ttl: one TTL for the whole room set: any member's beat keeps ghosts alive",
  },
  {
    id: "B93",
    title: "presence-ttl-below-detection: TTL 35 s < dead detection 37.5 s, or a late beat: flapping",
  },
  { id: "B94", title: "presence-multi-tab-offline: closing one tab removes the user" },
  { id: "B95", title: "presence-expiry-not-announced: TTL expiry sends no event (keyspace events are off)" },
  {
    id: "B96",
    title: "presence-join-leave-storm: every (dis)connect broadcasts to all: N x N messages after a restart",
  },
  { id: "B97", title: "leave-to-global-topic: LEAVE sent to `/topic/public`, not the room" },
  {
    id: "B98",
    title: "disconnect-null-principal: listener dereferences a missing user for unauthenticated disconnects",
  },
  { id: "B99", title: "typing-flood: typing events unlimited / persisted / replayed" },
  { id: "B100", title: "business-state-in-session: cart kept in session attributes" },
  { id: "B101", title: "unbounded-send-buffer: no per-session buffer limit" },
  { id: "B102", title: "no-send-time-limit: a stalled send is never cut" },
  { id: "B103", title: "send-time-limit-only-on-next-send: limit checked only when another message comes" },
  { id: "B104", title: "head-of-line-blocking: broadcast loop awaits the slow client" },
  { id: "B105", title: "no-queue-depth-eviction: depth grows past the target with no action" },
  { id: "B106", title: "evict-healthy-on-burst: threshold so low that a normal burst evicts" },
  { id: "B107", title: "evict-then-lose: evicted client gets no catch-up" },
  { id: "B108", title: "wrong-close-code-slow: eviction as 1006/1000" },
  { id: "B109", title: "oversize-accepted: no message size limit" },
  { id: "B110", title: "oversize-wrong-code: rejected but with 1006/1011" },
  { id: "B111", title: "oversize-buffered-first: checked only after buffering: 20 x 10 MB = 200 MB" },
  { id: "B112", title: "fragment-bypass: limit per frame, not per message" },
  { id: "B113", title: "boundary-off-by-one: exactly 65536 rejected or 65537 accepted" },
  { id: "B114", title: "blocking-handler: DB call on the WS thread: 20 threads x 500 ms = 40 msg/s ceiling" },
  { id: "B115", title: "db-pool-unbounded-queue: waiting work unbounded while pool (20) is exhausted" },
  { id: "B116", title: "db-pool-leak: connection not returned on an error path" },
  {
    id: "B117",
    title: "caller-runs-blocks-io: overflow policy runs the task on the IO thread, back to B114",
  },
  { id: "B118", title: "overflow-silent-drop: queue full: message dropped, sender not told" },
  { id: "B119", title: "no-write-batching: 10,000 tx/s instead of 100" },
  { id: "B120", title: "batch-all-or-nothing: one bad row fails the batch silently" },
  { id: "B121", title: "topic-per-user-broadcast: loop of 10,000 publishes" },
  { id: "B122", title: "fanout-loop-blocks-server: broadcast loop blocks everything" },
  {
    id: "B123",
    title: "psubscribe-everything: each instance receives all channels, even with no local interest",
  },
  { id: "B124", title: "fd-limit-1024: default fd limit" },
  { id: "B125", title: "accept-backlog-small: small listen backlog" },
  { id: "B126", title: "max-connections-hard-hang: at the cap new sockets hang rather than being refused" },
  { id: "B127", title: "heap-over-container: Xmx 3g in a 2048 MB task" },
  { id: "B128", title: "thread-per-connection: 10,000 x 1MB stacks" },
  { id: "B129", title: "per-connection-memory-bloat: oversized buffers allocated up front (128-512 KB x N)" },
  { id: "B130", title: "frame-debug-logging-on: logs every frame" },
  { id: "B131", title: "subscription-leak: UNSUBSCRIBE ignored or registry never pruned" },
  {
    id: "B132",
    title:
      "duplicate-subscription-delivery: same destination subscribed twice on resume gives double delivery",
  },
  { id: "B133", title: "gc-or-loop-stall: long pauses over 200 ms" },
  { id: "B134", title: "outbound-pool-too-small: outbound capacity below inbound/fan-out" },
  { id: "B135", title: "ws-and-rest-share-instance: REST load ruins WS p99" },
  { id: "B136", title: "redis-pool-exhausted: more than 20 waiting Redis commands, 2000 ms waits" },
  {
    id: "B137",
    title: "redis-offline-queue-unbounded: commands queue in memory during outage, then burst stale messages",
  },
  { id: "B138", title: "connection-churn-leak: fds/timers/listeners leak per connect" },
  { id: "B139", title: "wildcard-origin: `*` accepted: cross-site hijack with cookies" },
  {
    id: "B140",
    title:
      "origin-suffix-match: pattern match by suffix/regex error (`https://evilmyapp.com`, `https://myapp.com.evil.com`)",
  },
  {
    id: "B141",
    title: "missing-origin-mishandled: absent Origin always let in (or all non-browser clients locked out)",
  },
  { id: "B142", title: "cookie-session-without-origin: cookie auth alone decides" },
  { id: "B143", title: "auth-only-at-connect: expired token or banned user keeps sending" },
  {
    id: "B144",
    title: "silent-expired-receiver: expired/banned session still receives (only SEND is checked)",
  },
  { id: "B145", title: "anonymous-accepted: no token to CONNECTED" },
  { id: "B146", title: "jwt-not-verified: bad signature, `alg:none`, wrong audience accepted" },
  { id: "B147", title: "frames-before-connect: SEND/SUBSCRIBE honoured before CONNECT" },
  { id: "B148", title: "token-in-logs: full URL with token in access log" },
  { id: "B149", title: "ticket-replayable: one-time ticket works twice (or races)" },
  { id: "B150", title: "ticket-never-expires: unused ticket valid for ever" },
  {
    id: "B151",
    title:
      "token-refresh-broken: refresh returns a token but session expiry is not moved, or old token revives",
  },
  { id: "B152", title: "expiry-herd: all sessions opened together close together at `exp`" },
  { id: "B153", title: "no-rate-limit: unlimited SEND; 100 x 1000/s = 100,000/s" },
  { id: "B154", title: "rate-limit-per-session-only: three tabs give 3x" },
  { id: "B155", title: "rate-limit-per-instance: local counters: N instances give N x" },
  {
    id: "B156",
    title: "fixed-window-boundary-burst: INCR+EXPIRE is a fixed window: up to 20 in a short span",
  },
  { id: "B157", title: "rate-key-without-ttl: crash between INCR and EXPIRE locks the user out for ever" },
  { id: "B158", title: "rate-limit-fail-closed-or-open: Redis outage: everybody rejected, or no limit" },
  {
    id: "B159",
    title: "rate-limit-reconnect-loop: limit closes the socket; client reconnects at base delay and repeats",
  },
  { id: "B160", title: "no-session-cap: one user opens 1000 connections" },
  { id: "B161", title: "session-cap-per-instance: counted in the local registry" },
  { id: "B162", title: "session-cap-null-user: first connect fails (no registry entry yet)" },
  { id: "B163", title: "session-cap-leak: crashed sessions count for ever, user locked out" },
  { id: "B164", title: "no-handshake-limit: flood of upgrades unlimited" },
  {
    id: "B165",
    title:
      "per-ip-limit-behind-nat: 5-20/s per IP blocks a legitimate office/NAT or the load generator itself (5,000 clients need 250-1000 s)",
  },
  { id: "B166", title: "xff-spoof: limiter trusts client-sent forwarded header" },
  {
    id: "B167",
    title: "syn-flood-exposed: no SYN cookies, small backlog",
    unobservable: "needs a flood of raw SYN packets",
  },
  { id: "B168", title: "entity-leak: internal fields in payload (password hash, internal ids, version)" },
  { id: "B169", title: "sender-spoofing: client's senderId/timestamp trusted" },
  { id: "B170", title: "no-payload-validation: malformed/oversized fields accepted or crash" },
  { id: "B171", title: "unmasked-client-frame-accepted: server tolerates unmasked frames" },
  {
    id: "B172",
    title: "weak-masking-key: client masks with a constant/predictable key",
    unobservable: "a client's own doing; only a capture of its packets shows it",
  },
  { id: "B173", title: "subscribe-not-authorised: any room or another user's queue can be subscribed" },
  { id: "B174", title: "send-direct-to-broker: client SENDs to `/topic/...` and bypasses `/app` checks" },
  { id: "B175", title: "slowloris-handshake: half-sent HTTP upgrade held open" },
  { id: "B176", title: "plaintext-ws-in-production: `ws://` accepted at the edge" },
  {
    id: "B177",
    title: "secrets-in-env / secret-not-rotated: operational hygiene",
    unobservable: "how secrets are kept",
  },
  { id: "B178", title: "internal-push-unprotected: `/internal/push` reachable by anyone" },
  { id: "B179", title: "upgrade-header-stripped: proxy drops `Upgrade`/`Connection`" },
  { id: "B180", title: "http10-upstream: `proxy_http_version 1.1` missing" },
  {
    id: "B181",
    title:
      "response-buffering: buffering on: said to delay 101 by hundreds of ms; really hits streaming fallback/SSE",
  },
  { id: "B182", title: "h2-proxy-no-extended-connect: HTTP/2 front does not forward upgrades" },
  { id: "B183", title: "bad-gateway-on-upgrade: dead/starting backend still in rotation" },
  { id: "B184", title: "corporate-proxy-no-fallback: WS blocked and no SockJS" },
  { id: "B185", title: "sockjs-without-affinity: fallback transports bounce between instances" },
  { id: "B186", title: "proxy-timeout-one-sided: only read (or only send) timeout raised" },
  {
    id: "B187",
    title:
      "health-check-on-redis-kills-fleet: health = Redis PING: Redis outage marks every instance DOWN, LB/ECS removes or restarts all",
  },
  {
    id: "B188",
    title: "health-check-leaks-connection: gets a Redis connection per check and never returns it",
  },
  { id: "B189", title: "unhealthy-detection-slow: 3 x 15 s before removal: up to 45 s of 502s" },
  { id: "B190", title: "redis-cluster-pubsub: pub/Sub on cluster mode complicates routing" },
  { id: "B191", title: "drain-ignored-by-lb: LB keeps sending new clients to a draining instance" },
  { id: "B192", title: "sticky-breaks-failover: affinity cookie pins retries to a dead server" },
  {
    id: "B193",
    title: "proxy-connection-cap: proxy worker/connection limits below target (two sockets per client)",
  },
  { id: "B194", title: "cross-region-p99: synchronous cross-region hop in the send path" },
  { id: "B195", title: "region-down-total-outage: shared dependency in one region takes both down" },
  {
    id: "B196",
    title: "failover-data-loss: lag at failover loses committed messages (RPO claimed near zero)",
  },
  { id: "B197", title: "failover-too-slow: DNS TTL + backoff > RTO 2-5 min" },
  { id: "B198", title: "presence-split-view: region-local presence shown as global" },
  { id: "B199", title: "replication-lag-unmonitored: no lag metric" },
  { id: "B200", title: "missing-metrics: any of the seven must-export metrics absent" },
  { id: "B201", title: "gauge-for-counter: totals registered as gauges" },
  { id: "B202", title: "percentile-per-instance-averaged: pre-computed p99 per instance cannot be combined" },
  {
    id: "B203",
    title: 'latency-measured-server-side-only: "Processing time" excludes queueing and delivery',
  },
  { id: "B204", title: "close-code-uncounted-or-mislabelled: all closes as 1000/1006" },
  { id: "B205", title: "reconnects-counted-as-new: no reconnection metric" },
  { id: "B206", title: "alarm-low-connections-misfires: below 10 for 5 min fires on fresh or quiet systems" },
  {
    id: "B207",
    title: "websocket-for-everything: using WS for CRUD, files, search",
    unobservable: "a choice of architecture",
  },
  {
    id: "B208",
    title: "ws-as-message-queue: treating WS as durable queue",
    unobservable: "a choice of architecture",
  },
  {
    id: "B209",
    title: "tight-coupling-to-schema: entity as API contract",
    unobservable: "shows only over years of contracts",
  },
  {
    id: "B210",
    title: "api-gateway-fanout-iteration, lambda-cold-start: managed-service limits",
    unobservable: "limits of a cloud's service, not of this stack",
  },
  {
    id: "B211",
    title: "waf, geo, security-group rules: cloud network policy",
    unobservable: "rules of a cloud's network",
  },
  {
    id: "B212",
    title: "presence-retrofit, observability-late: process advice",
    unobservable: "how a team works",
  },
  {
    id: "B213",
    title: "no-tcp/egress-only-443 firewall: corporate firewall",
    unobservable: "somebody else's firewall",
  },
  {
    id: "B214",
    title: "payload-type-class-name: class name shipped in the envelope (coupling, unsafe deserialisation)",
  },
  {
    id: "B215",
    title:
      "backend-keepalive-shorter-than-lb-idle: app closes pooled HTTP connections (20000 ms keep-alive) sooner than the LB's idle timeout (3600 s)",
  },
  {
    id: "B216",
    title:
      "sender-retry-duplicates: no idempotency on SEND: a resend after a lost RECEIPT stores and broadcasts twice",
  },
  {
    id: "B217",
    title: "ready-before-relay-subscribed: instance reports UP before its Redis subscription is active",
  },
  { id: "B218", title: "drain-out-of-order: buffered items interleave with or follow newer live ones" },
  { id: "B219", title: "size-limit-before-inflate: limit applied to compressed bytes only" },
  {
    id: "B220",
    title:
      "relay-subscriber-too-slow: busy instance reads Redis too slowly; Redis cuts the subscriber at its output limit; silent gap",
  },
  { id: "B221", title: "ban-local-only: ban/revocation closes only sessions on the handling instance" },
  { id: "B222", title: "presence-event-per-instance: every instance announces the same change" },
  { id: "B223", title: "retry-hint-ignored: client ignores the announced reconnect delay" },
];
