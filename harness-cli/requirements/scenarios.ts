import type { RequirementTitle } from "./row.ts";

/** Section C: scenarios and failure drills. */
export const scenarioRows: readonly RequirementTitle[] = [
  { id: "C1", title: "conformance-smoke: 1-10 clients, every destination once, metric lint" },
  { id: "C2", title: "ramp: closed-model ramp 0 to 100 (and 0 to 1000) in 60 s" },
  { id: "C3", title: "sustained: 100/500/1000 sockets, 300 s, each 1 msg/10 s" },
  { id: "C4", title: "spike: 100 to 500 (or 5x) inside 5 s, hold 60 s, drop back" },
  { id: "C5", title: "artillery-literal: open-model arrival rate at 1/50: 0.04, 2, 10 per s" },
  { id: "C6", title: "chat-user-flow: flow as given but rooms of 10-50 so fan-out is bounded" },
  { id: "C7", title: "reconnect-storm: 3 instances x 300-1500 clients; drop one; client policies" },
  { id: "C8", title: "rolling-deploy-drain: start instance 4, drain 1, repeat, under C3 load" },
  { id: "C9", title: "crash-kill-storm: SIGKILL one of three at steady load" },
  {
    id: "C10",
    title:
      "crash-mid-broadcast: room of 300-1000 over 3 instances; kill the origin while fan-out is in progress",
  },
  {
    id: "C11",
    title:
      "slow-reader: 1000 healthy + 1..5 slow: variants paused socket, trickle (1 KB/s), 30 KB/s, reads nothing but sends",
  },
  {
    id: "C12",
    title:
      "silent-and-slowloris: 200 sockets silent after 101; 200 with partial headers; 50 that CONNECT but never SUBSCRIBE",
  },
  { id: "C13", title: "fan-out-room: room sizes 10, 100, 1000 spread over 3 instances; 1-50 msg/s" },
  { id: "C14", title: "announce-all: all sockets subscribed; 1 announce, then 1/s; premium subset 10%" },
  {
    id: "C15",
    title:
      "price-ticker: 50-100 updates/s x 500 subscribers, RTT mix by toxics 10/100/300 ms; conflation on/off",
  },
  {
    id: "C16",
    title: "idle-through-lb-timeout: 50 quiet clients for >= 180 s real time (3 x 60 s) or compressed",
  },
  { id: "C17", title: "idle-long: compressed only (e.g. 36 s stands for 3600 s)" },
  {
    id: "C18",
    title: "half-open-zombies: 200 clients; E4 blackhole or kill client netns; keep publishing to them",
  },
  { id: "C19", title: "mobile-flapping: 300 clients drop at random each 5-60 s for 1-20 s and resume" },
  { id: "C20", title: "multi-tab: 100 users x 3 tabs on different instances; close tabs one by one" },
  {
    id: "C21",
    title:
      "ordering: 1 and many senders on different instances, 50-200 msg/s per room, DB jitter; modes compared",
  },
  {
    id: "C22",
    title:
      "resume-replay: drop clients mid-stream for 1-30 s, resume on another instance, with live traffic; also beyond the window",
  },
  { id: "C23", title: "history-then-subscribe: join busy room (100 msg/s) repeatedly" },
  {
    id: "C24",
    title:
      "offline-buffer-drain: offline for 10 s, TTL - 1, TTL + 1 (compressed); pushes before, during and after reconnect",
  },
  { id: "C25", title: "read-receipts: room of 50 on 3 instances, 10 msg/s, everyone acks and reads" },
  {
    id: "C26",
    title: "presence-churn: join/leave 20/s; vanish 10%; kill an instance; one survivor in the room",
  },
  { id: "C27", title: "typing-storm: 50 users in a room typing at 5/s while chat runs" },
  { id: "C28", title: "private-cross-instance: 500 pairs, forced on different instances" },
  {
    id: "C29",
    title:
      "external-event-push: 3 x 500 sockets; `POST /internal/push` to a random instance at 50-500/s; retries injected; offline share 10%",
  },
  { id: "C30", title: "large-messages: 20 senders x 10 MB concurrently; one 100 MB; fragmented variants" },
  { id: "C31", title: "size-boundary: limit-1, limit, limit+1, fragmented, with multi-byte text" },
  { id: "C32", title: "message-flood: 10-20 attackers at maximum + 300 normal users" },
  {
    id: "C33",
    title:
      "rate-limit-scope: one user, 1/3 tabs on 1/3 instances; paced bursts at window edges (10 at 0.95 s + 10 at 1.05 s)",
  },
  {
    id: "C34",
    title:
      "handshake-flood: 500/s upgrades from one IP; others from other IPs (aliases or trusted forwarded IP)",
  },
  { id: "C35", title: "session-cap: cap 5: open 20 over 3 instances; crash and retry" },
  {
    id: "C36",
    title:
      "auth-matrix: none, expired, bad signature, alg none, wrong audience, not-yet-valid, user mismatch, SEND first",
  },
  {
    id: "C37",
    title: "auth-expiry-and-ban: compressed `tokenTtl` 20 s; 200 sessions same expiry; ban 10; refresh 50%",
  },
  {
    id: "C38",
    title:
      "origin-matrix-cswsh: exact, sub-domain, look-alikes, other scheme/port, upper case, `null`, missing, with victim cookie",
  },
  {
    id: "C39",
    title: "ticket-and-log-hygiene: use twice, in parallel x 20, after TTL, other user; then grep logs",
  },
  {
    id: "C40",
    title:
      "payload-abuse: bad JSON, missing/extra fields, spoofed sender/time, direct SEND to `/topic`, bad STOMP",
  },
  {
    id: "C41",
    title:
      "subscription-churn: 200 clients subscribe/unsubscribe 10 rooms/s, 60 s; duplicate ids; distinct rooms 10k",
  },
  { id: "C42", title: "redis-down: stop Redis (or proxy down) 10-60 s under C6 + DM load" },
  { id: "C43", title: "redis-slow: add 5/50/500/2500 ms to Redis only" },
  {
    id: "C44",
    title: "redis-restart-and-failover: restart empty (FLUSHALL/no persistence); promote replica",
  },
  { id: "C45", title: "redis-partition-one-instance: blackhole Redis for instance 2 only, 20 s, then heal" },
  { id: "C46", title: "db-slow: toxics 50/500/2000 ms on Postgres; offered 20, 40, 100, 200 msg/s" },
  { id: "C47", title: "db-down: Postgres down 20 s; also commit failures" },
  { id: "C48", title: "db-pool-exhaustion: pool 20 (or 5), hold locks 5 s, offered 500 msg/s" },
  {
    id: "C49",
    title:
      "degraded-client-network: per-group latency + jitter, bandwidth, slicer, resets; partition 5/30/60 s and heal",
  },
  {
    id: "C50",
    title:
      "proxy-matrix: same smoke through: good nginx, no headers, HTTP/1.0, 60 s timeout, buffering on, dead backend, HAProxy",
  },
  { id: "C51", title: "fallback-transport: block upgrades; xhr-streaming/polling with and without affinity" },
  { id: "C52", title: "sticky-vs-not: same load with cookie affinity and without; restart one" },
  { id: "C53", title: "scale-out-in / N-1: 3 to 2 to 3 to 4 at 70% of capacity" },
  {
    id: "C54",
    title: "capacity-breakpoint (C10K): step 250 sockets until refusal or SLO break; per-instance",
  },
  { id: "C55", title: "fd-and-backlog: ulimit 256/1024; backlog 16" },
  { id: "C56", title: "stall-and-deadlock: SIGSTOP 5/15/45 s; block handler only; CPU throttle" },
  { id: "C57", title: "soak-leak: 30-60 min (CI nightly) with churn, health polled 10x faster" },
  {
    id: "C58",
    title: "mixed-workload: chat 60%, typing 20%, DM 10%, receipts, presence, history REST at 50-500 req/s",
  },
  { id: "C59", title: "nat-office-reconnect: 1,000 clients behind one IP reconnect" },
  { id: "C60", title: "region-offline: two-region compose; stop A; clients switch by list instead of DNS" },
  { id: "C61", title: "cross-region-latency: 80/150 ms one-way toxics between regions" },
  {
    id: "C62",
    title:
      "chat-1m-scaled: 1/100: 1,000 sockets, 17 msg/s; 1/20: 5,000, 83 msg/s; rooms zipf with a few > 1000",
  },
  { id: "C63", title: "polling-vs-push-baseline: 1,500 pollers at 30 s = 50 req/s vs 1,500 sockets" },
  { id: "C64", title: "compound-fault: C7 during E27; C11 during C14; E17 during C8" },
  { id: "C65", title: "write-batching: 500 msg/s; batch off/on" },
  { id: "C66", title: "business-state-survival: put state, kill instance, resume elsewhere" },
  { id: "C67", title: "alternative-transports: optional: same push over SSE/polling" },
  { id: "C68", title: "alarm-drill: trigger each on purpose, also a quiet run" },
  {
    id: "C69",
    title:
      "mutant-matrix (derived): for each P1/P2 mutant run its scenario; expect FAIL; unmutated run expects PASS",
  },
  {
    id: "C70",
    title: "baseline-and-noise (derived): repeat the no-fault run n >= 5; derive tolerance and gate",
  },
  {
    id: "C71",
    title:
      "sender-retry: cut the downstream after SEND, before RECEIPT (E9), resend the same client id on another instance, 1,000 times",
  },
];
