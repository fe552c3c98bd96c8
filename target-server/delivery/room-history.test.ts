import { expect, test } from "vitest";
import { Broker, type Outgoing } from "../broker.ts";
import { createMetrics } from "../metrics.ts";
import { healthy } from "../policies.ts";
import type { Entering } from "./entering.ts";
import { roomHistory } from "./room-history.ts";
import { RoomLog } from "./room-log.ts";

const EVICTION_BYTES = 524_288;

/** What somebody is answered who asks for the history of a room with so many messages. */
function historyOf(
  messages: number,
  characters: number,
): { readonly bytes: number; readonly headers: object; readonly seqs: number[] } {
  const roomLog = new RoomLog({ messages: 10_000, characters: 100_000_000 });
  for (let seq = 1; seq <= messages; seq++) {
    const payload = JSON.stringify({ seq, content: "x".repeat(characters) });
    roomLog.add("a", { seq, msgId: `m${seq}`, serverId: "s", payload });
  }
  const answers: Outgoing[] = [];
  const entering: Entering = {
    ...{ user: "bob", sessionId: "s1", wanted: { kind: "history", room: "a" }, lastSeen: undefined },
    ...{ isOpen: () => true, onceSent() {}, onceTaken() {}, goLive() {}, done() {} },
    send: (outgoing) => void answers.push(outgoing),
  };
  const services = {
    serverId: "s",
    policies: healthy,
    metrics: createMetrics(),
    broker: new Broker(),
    roomLog,
  };
  roomHistory({ ...services, evictionBytes: EVICTION_BYTES, stored: async () => [] })(entering, "a");
  const [{ body, headers }] = answers as [Outgoing];
  const seqs = (JSON.parse(body) as { seq: number }[]).map(({ seq }) => seq);
  return { bytes: Buffer.byteLength(body), headers, seqs };
}

test("A39: the last 50, and the sequence from which to go on", () => {
  const { seqs, headers } = historyOf(60, 100);
  expect([seqs.length, seqs[0], seqs.at(-1)]).toEqual([50, 11, 60]);
  expect(headers).toMatchObject({ "last-sequence": "60" });
});

test("A39, A66: of large messages as many of the newest as may wait for a client at once, and one at least", () => {
  const { bytes, seqs, headers } = historyOf(50, 12_000);
  expect(bytes).toBeLessThan(EVICTION_BYTES / 2 + 100);
  expect([seqs.length, seqs.at(-1)]).toEqual([21, 50]);
  expect(headers).toMatchObject({ "last-sequence": "50" });
  expect(historyOf(2, EVICTION_BYTES).seqs).toEqual([2]);
});
