import type { RequirementTitle } from "./row.ts";

/** Section 0.3: what must always hold. */
export const invariantRows: readonly RequirementTitle[] = [
  {
    id: "INV-COVER",
    title:
      "Every message accepted by the system reaches every entitled, connected recipient on every instance",
  },
  {
    id: "INV-LOSS",
    title:
      "Every message whose send was confirmed (RECEIPT, own echo or committed row) is delivered, or replayed after reconnect",
  },
  { id: "INV-DUP", title: "After client-side dedupe by message id nobody renders a message twice" },
  {
    id: "INV-ORDER",
    title:
      "Per room, the rendered sequence is strictly increasing and gap-free; a gap is filled or reported within a bounded time",
  },
  {
    id: "INV-DURABLE",
    title:
      "Every message any client saw exists in Postgres (no phantom), with the same id, room, sender, body",
  },
  { id: "INV-ISOLATE", title: "Nobody receives a message addressed to another user, room, tier or region" },
  {
    id: "INV-IDENTITY",
    title: "Sender id and timestamp on a delivered message are the server's, never the client's claim",
  },
  {
    id: "INV-AUTH",
    title: "After token expiry, ban or revocation no SEND is accepted beyond the stated grace",
  },
  {
    id: "INV-REJECT",
    title:
      "Forbidden handshakes and frames are refused with the stated HTTP status, ERROR frame or close code, within the stated time",
  },
  {
    id: "INV-LIMIT",
    title:
      "Accepted SEND rate, sessions, handshakes and sizes never exceed the configured limits, counted across tabs and instances",
  },
  {
    id: "INV-CLOSE",
    title: "Only expected close codes occur in each phase; 1006 only where a fault explains it",
  },
  {
    id: "INV-REAP",
    title: "Dead sessions leave the server's tables within the budget (about 40 s with 25 s heartbeats)",
  },
  {
    id: "INV-PRESENCE",
    title: "The presence view equals the set of really connected users within TTL plus one sweep",
  },
  {
    id: "INV-BOUND",
    title:
      "Per-connection queue, total queued bytes, heap/RSS, pending sets, buffers and pools stay under their caps",
  },
  { id: "INV-FAIR", title: "Healthy clients' p99 stays in SLO while a misbehaving client is present" },
  { id: "INV-SPREAD", title: "No reconnect bucket (1 s) exceeds the stated share of the dropped clients" },
  { id: "INV-BALANCE", title: "Connections per instance: max/mean within tolerance after churn" },
  {
    id: "INV-RECOVER",
    title: "After the fault ends, every SLO is met again within the stated time and stays met",
  },
  {
    id: "INV-LEAK",
    title: "After load ends, sessions, subscriptions, fds, keys, executors and memory return to baseline",
  },
  {
    id: "INV-HEALTH",
    title: "Readiness agrees with the real ability to serve; liveness does not flip on a dependency outage",
  },
  { id: "INV-METRIC", title: "Server-side counters and gauges agree with the client-side ledger" },
  {
    id: "INV-LATENCY",
    title:
      "End-to-end delivery p99 under the profile's limit (100 ms in-region, 200 ms cross-region, 1 s alarm)",
  },
];
