import { describe, expect, test } from "vitest";
import type { SendScopes, Spent } from "./limit-policies.ts";
import { loadDefect } from "./mutants.ts";
import { healthy, type Policies } from "./policies.ts";

const sick = async (name: string): Promise<Policies> => (await loadDefect(name)).apply(healthy);

describe("what a SEND is counted by", () => {
  /** Who was asked, in which order; nobody is over a limit. */
  async function asked(policies: Policies): Promise<string[]> {
    const scopes: string[] = [];
    const ask = (scope: string) => (): Spent => {
      scopes.push(scope);
      return undefined;
    };
    const all: SendScopes = { session: ask("session"), user: ask("user"), userHere: ask("here") };
    await policies.spendSend(all);
    return scopes;
  }

  test("A69, B154, B155, B153: by the session and by the user on all instances, and what each mistake leaves out", async () => {
    expect(await asked(healthy)).toEqual(["session", "user"]);
    expect(await asked(await sick("rate-limit-per-session-only"))).toEqual(["session"]);
    expect(await asked(await sick("rate-limit-per-instance"))).toEqual(["session", "here"]);
    expect(await asked(await sick("no-rate-limit"))).toEqual([]);
  });

  test("B82, I29: acknowledgements do not count, and with the mistake they do", async () => {
    expect(healthy.countsAsSend("/app/message.ack/1")).toBe(false);
    expect(healthy.countsAsSend("/app/chat.send/a")).toBe(true);
    expect((await sick("acks-trip-rate-limit")).countsAsSend("/app/message.ack/1")).toBe(true);
  });

  test("B156: the fixed window is another script, without the times of single SENDs", async () => {
    expect(healthy.sendWindowScript).toContain("LINDEX");
    expect((await sick("fixed-window-boundary-burst")).sendWindowScript).toContain("INCR");
  });
});

test("B115: what waits for the store has the configured bound, and with the mistake none", async () => {
  expect(healthy.persistCapacity(500)).toBe(500);
  expect((await sick("db-pool-unbounded-queue")).persistCapacity(500)).toBe(Number.POSITIVE_INFINITY);
});

test("B92, B91, B94, B95: who stays present, for how long, and who is told", async () => {
  expect(healthy.signRenews()).toBe("the member");
  expect((await sick("presence-shared-set-ttl")).signRenews()).toBe("the whole room");
  expect(healthy.presentUntilMs(1_000, 500)).toBe(1_500);
  expect((await sick("presence-no-ttl")).presentUntilMs(1_000, 500)).toBe(Number.POSITIVE_INFINITY);
  expect(healthy.hasLeft("some")).toBe(false);
  expect((await sick("presence-multi-tab-offline")).hasLeft("some")).toBe(true);
  expect(healthy.announcesExpiry()).toBe(true);
  expect((await sick("presence-expiry-not-announced")).announcesExpiry()).toBe(false);
});

test("B143, B144: an identity is asked again and ends its session; one mistake does neither, the other only listens on", async () => {
  const good = (policies: Policies) => policies.tokenIsGood(1_000, 2_000, false);
  const [never, listens] = [await sick("auth-only-at-connect"), await sick("silent-expired-receiver")];
  expect([good(healthy), good(never), good(listens)]).toEqual([false, true, false]);
  for (const policies of [never, listens]) {
    expect(policies.closeAfterExpiryMs(5_000, 0.5)).toBe(Number.POSITIVE_INFINITY);
    expect(policies.banClosesSessions()).toBe(false);
  }
  expect(healthy.closeAfterExpiryMs(5_000, 0.5)).toBe(2_500);
});

test("B221: a ban is announced everywhere, and with the mistake here only", async () => {
  const told = async (policies: Policies) => {
    const where: string[] = [];
    await policies.announceBan({
      everywhere: async () => void where.push("everywhere"),
      here: () => where.push("here"),
    });
    return where;
  };
  expect(await told(healthy)).toEqual(["everywhere"]);
  expect(await told(await sick("ban-local-only"))).toEqual(["here"]);
});

test("B160, B161, B163: sessions are counted everywhere, here, or not at all; slots of the dead come back or never", async () => {
  const counted = async (policies: Policies) => {
    const where: string[] = [];
    const yes = (what: string) => {
      where.push(what);
      return true;
    };
    await policies.takeSessionSlot({ everywhere: async () => yes("everywhere"), here: () => yes("here") });
    return where;
  };
  expect(await counted(healthy)).toEqual(["everywhere"]);
  expect(await counted(await sick("session-cap-per-instance"))).toEqual(["here"]);
  expect(await counted(await sick("no-session-cap"))).toEqual([]);
  expect(healthy.slotLifeMs(15_000)).toBe(15_000);
  expect((await sick("session-cap-leak")).slotLifeMs(15_000)).toBe(86_400_000);
});

test("B43, B80, B79: where what is for one user goes, and for how long receipts are collected", async () => {
  const went = async (policies: Policies, queue: string) => {
    const paths: string[] = [];
    const push = policies.pushToUser({
      relay: async () => {
        paths.push("relay");
        return "delivered";
      },
      local: () => paths.push("local"),
    });
    await push({ msgId: "m", user: "ann", queue, seq: 0, payload: "{}" });
    return paths[0];
  };
  const [direct, receipts] = ["/queue/direct-messages", "/queue/receipts"];
  expect(await went(healthy, direct)).toBe("relay");
  expect(await went(await sick("user-send-local-only"), direct)).toBe("local");
  const notRelayed = await sick("receipts-not-relayed");
  expect([await went(notRelayed, direct), await went(notRelayed, receipts)]).toEqual(["relay", "local"]);
  expect(healthy.receiptWindowMs(500)).toBe(500);
  expect((await sick("receipts-unbatched")).receiptWindowMs(500)).toBe(0);
});

test("B111: WebSocket's own limit is the message's; without it all of a message lies in memory first", async () => {
  expect(healthy.sizeLimits(65_536)).toEqual({ webSocketMessage: 65_536, stompFrame: 65_536 });
  const { webSocketMessage, stompFrame } = (await sick("oversize-buffered-first")).sizeLimits(65_536);
  expect(stompFrame).toBe(65_536);
  expect(webSocketMessage).toBeGreaterThan(100_000_000);
});
