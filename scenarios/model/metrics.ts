/** The vocabulary of client-side measurements: one place for every name that a check or a chart may ask for. */

/** Histograms, in µs, by role and second. */
export const histograms = {
  delivery: "intended send time to receipt at a subscriber, per delivery (D1)",
  confirm: "intended send time to the sender's RECEIPT",
  slowDelivery: "as delivery, to a client that had slowed its own reading: its own doing, judged by nobody",
  slowConfirm: "as confirm, of such a client",
  connect: "due time of a connection attempt to CONNECTED",
  lateness: "intended to actual send time: the generator's own delay",
  loopLag: "how late a 10 ms timer of the engine fires: the generator's own event loop",
} as const;
export type HistogramName = keyof typeof histograms;

/** Counters, per flush. */
export const counts = {
  deliveries: "messages received with an identity of this run",
  ordered: "deliveries compared with the one before in their room",
  bytesIn: "characters received",
  bytesHeld:
    "bytes that kernels and proxies held for clients that did not read, as those found when they read on until they were closed",
  sent: "SEND frames written",
  missedOffline: "slots that fell due while the client was not connected",
  missedLate:
    "slots that the generator itself skipped because it was late: a fault of the load, not of the target",
  heartbeatsOut: "heart-beats sent",
  errorFrames: "ERROR frames received",
  odditiesDropped: "oddities over the cap of a flush, counted only; of all kinds",
  duplicatesDropped: "duplicates among them",
  inversionsDropped: "inversions among them",
  foreignDropped: "foreign messages among them",
} as const;
export type CountName = keyof typeof counts;

/** Gauges, at the flush. */
export const gauges = {
  connected: "clients with an open STOMP session",
  subscribed: "clients with at least one confirmed subscription",
  due: "clients that the load wants connected by now",
} as const;
export type GaugeName = keyof typeof gauges;
