import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { SETTLE_MS } from "../entitlement.ts";
import { plural, show } from "../measure.ts";
import { type Pair, tallyPairs } from "../pairs.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Counterexample } from "../verdict.ts";
import { connectionsOf } from "../whereabouts.ts";
import { faultInForce, faultSpans, messageSpan } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "no-lost-message",
  summary: "every confirmed message reaches every subscriber that was entitled to it",
  requirement: ["INV-LOSS", "INV-COVER", "C.2"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "By message identity, for each pair of a confirmed message and a subscription of its destination, on every",
    "server. A subscription is entitled from the RECEIPT of its SUBSCRIBE until its connection ends; a pair is lost",
    `when the message was sent inside, the peer was still heard ${show(SETTLE_MS)} ms after the sender's RECEIPT, and`,
    "it never came. What is confirmed while a store is away has until it is back, since then it is delivered (I76).",
    "Pairs at the edges of a subscription (joining, leaving, dropped, silent, or where the engine's own reports are",
    "missing) are undecided: counted, shown, never lost. A SEND without RECEIPT is unknown, not lost. The clients ask",
    "for no replay after a reconnect, so what was sent in a client's absence is not owed. A pair belongs to the phase",
    "in which the message was intended; the warm-up's messages to the first one.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = messageSpan(record, phase);
    const { lost, received, undecided, unconfirmed, unroutable } = tallyPairs(record, fromMs, toMs);
    const samples = received + lost.length;
    const undecidedTexts = [
      undecided > 0 ? `${plural(undecided, "pair")} at the edges of a subscription undecided` : [],
      unconfirmed > 0 ? `${plural(unconfirmed, "message")} never confirmed nor rejected` : [],
      unroutable > 0 ? `${plural(unroutable, "message")} to a destination that nobody can subscribe to` : [],
    ].flat();
    const note = undecidedTexts.length > 0 ? { note: undecidedTexts.join("; ") } : {};
    if (samples === 0) {
      const why = ["no confirmed message was owed to anybody in this phase", ...undecidedTexts].join("; ");
      return { status: "unknown", why, samples };
    }
    if (lost.length <= limit) return { status: "met", measured: lost.length, samples, ...note };
    return {
      status: "breached",
      measured: lost.length,
      samples,
      why: `${show(lost.length)} of ${plural(samples, "delivery", "deliveries")} never came${worstRoute(record, lost)}`,
      counterexamples: evidence(record, lost),
      ...note,
    };
  },
};
export default check;

/** Loss often has a direction: from one server to the others, or to one server. */
function worstRoute(record: RunRecord, lost: readonly Pair[]): string {
  const serverOf = connectionsOf(record);
  const routes = new Map<string, number>();
  for (const { send, window } of lost) {
    const route = `${serverOf(send.publisher, send.sentMs) ?? "an unknown server"} to ${window.server}`;
    routes.set(route, (routes.get(route) ?? 0) + 1);
  }
  const [route, worst] = [...routes].sort((a, b) => b[1] - a[1])[0] as [string, number];
  return routes.size === 1 ? `, all from ${route}` : `, most from ${route} (${show(worst)})`;
}

function evidence(record: RunRecord, lost: readonly Pair[]): Counterexample[] {
  const serverOf = connectionsOf(record);
  const spans = faultSpans(record);
  return lost.slice(0, EVIDENCE).map(({ send, window }) => {
    const message = showIdentity(send.publisher, send.slot);
    const origin = serverOf(send.publisher, send.sentMs) ?? "an unknown server";
    const fault = faultInForce(spans, send.sentMs);
    const confirmedMs = send.outcomeMs ?? send.sentMs;
    return {
      text: `${message} by client ${send.publisher} on ${origin}, confirmed at ${show(confirmedMs)} ms, never reached client ${window.client} on ${window.server} (subscribed from ${show(window.fromMs)} to ${show(window.toMs)} ms)`,
      atMs: send.sentMs,
      message,
      client: window.client,
      server: window.server,
      ...(fault === undefined ? {} : { fault }),
    };
  });
}
