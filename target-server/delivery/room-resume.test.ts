import { expect, test } from "vitest";
import type { Outgoing } from "../broker.ts";
import { createMetrics } from "../metrics.ts";
import { healthy, type Policies } from "../policies.ts";
import type { Entering } from "./entering.ts";
import { type Logged, RoomLog } from "./room-log.ts";
import { roomResume } from "./room-resume.ts";

const message = (seq: number): Logged => ({
  seq,
  msgId: `m${seq}`,
  serverId: "s",
  payload: `{"seq":${seq}}`,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** A subscription that takes what it is sent only when told, as a slow socket does. */
class Listener implements Entering {
  readonly user = "bob";
  readonly sessionId = "s1";
  readonly wanted = { kind: "room", room: "a" } as const;
  readonly lastSeen = 0;
  readonly got: (string | number)[] = [];
  whenSent: (() => void) | undefined;
  open = true;
  isOpen = () => this.open;
  send = ({ headers }: Outgoing) => void this.got.push(headers.seq ? Number(headers.seq) : headers.type!);
  onceSent = (next: () => void) => {
    this.whenSent = next;
  };
  onceTaken = () => {};
  goLive = () => void this.got.push("live");
  done = () => void this.got.push("done");
  async takeAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (let next = this.whenSent; next !== undefined; next = this.whenSent) {
      this.whenSent = undefined;
      next();
    }
  }
}

function world(held: readonly number[], stored: readonly number[] | Error, policies: Partial<Policies> = {}) {
  const roomLog = new RoomLog({ messages: 10_000, characters: 1_000_000 });
  for (const seq of held) roomLog.add("a", message(seq));
  const resume = roomResume({
    serverId: "s",
    policies: { ...healthy, ...policies },
    metrics: createMetrics(),
    roomLog,
    messagesMax: 200,
    acknowledged: async () => new Set(["m2"]),
    stored: async (_room, seq, limit) => {
      if (stored instanceof Error) throw stored;
      return stored
        .filter((one) => one > seq)
        .map(message)
        .slice(-limit);
    },
  });
  const listener = new Listener();
  return { roomLog, listener, resume: (after: number) => resume(listener, "a", after) };
}

test("A107: what the room log has is replayed at once, then it is live", () => {
  const { listener, resume } = world(range(1, 10), new Error("nobody asks"));
  resume(7);
  expect(listener.got).toEqual([8, 9, 10, "live", "done"]);
});

test("A107: what is published during a long replay comes in order, before it is live", async () => {
  const { listener, resume, roomLog } = world(range(1, 100), []);
  resume(0);
  expect(listener.got).toEqual(range(1, 64));
  for (const seq of range(101, 105)) roomLog.add("a", message(seq));
  await listener.takeAll();
  expect(listener.got).toEqual([...range(1, 105), "live", "done"]);
});

test("A107: the store brings what the log no longer has, and the log what the store does not have yet", async () => {
  const { listener, resume } = world([8, 9, 10], [1, 2, 3, 4, 5, 6, 7, 9]);
  resume(4);
  await listener.takeAll();
  expect(listener.got).toEqual([5, 6, 7, 8, 9, 10, "live", "done"]);
});

test("A108: a gap is told of first, whatever the reason", async () => {
  const old = world([], range(1, 250));
  old.resume(10);
  await old.listener.takeAll();
  expect(old.listener.got).toEqual(["replay-gap", ...range(51, 250), "live", "done"]);

  const away = world([300], new Error("away"));
  away.resume(10);
  await away.listener.takeAll();
  expect(away.listener.got).toEqual(["replay-gap", 300, "live", "done"]);
});

test("A107: who has gone meanwhile gets nothing, and does not go live", async () => {
  const { listener, resume } = world([], [1, 2]);
  resume(0);
  listener.open = false;
  await listener.takeAll();
  expect(listener.got).toEqual([]);
});

test("A142: the strategies of a resume are what decides", () => {
  const broken = (policies: Partial<Policies>) => {
    const { listener, resume } = world(range(1, 3), [], policies);
    resume(1);
    return listener.got;
  };
  expect(broken({ resumeAfter: () => undefined })).toEqual(["live", "done"]);
  expect(broken({ resumeAfter: (lastSeen) => lastSeen - 1 })).toEqual([1, 2, 3, "live", "done"]);
  expect(
    broken({
      joinLive: ({ catchUp, goLive }) => {
        goLive();
        catchUp(() => {});
      },
    }),
  ).toEqual(["live", 2, 3, "done"]);
});

test("B49: only a policy that asks what anybody acknowledged leaves that out of a replay", async () => {
  const policies = { leftOutOfReplay: ({ byAnybody }) => byAnybody() } satisfies Partial<Policies>;
  const { listener, resume } = world(range(1, 3), [], policies);
  resume(0);
  await listener.takeAll();
  expect(listener.got).toEqual([1, 3, "live", "done"]);
});
