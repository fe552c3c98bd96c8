import { describe, expect, test } from "vitest";
import { assemble } from "../record/assemble.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./close-codes.ts";

const long = { timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } };
const crowd = (story: Story): Story => {
  for (let client = 0; client < 6; client++) story.join(client, "a", 500);
  return story;
};
/** Client 1 sits on server-2. */
const killed = (): Story => crowd(new Story(long)).fault("kill", "server-2", 10_000, 12_000);

describe("INV-CLOSE: close codes", () => {
  test("nobody dropped is met, over all connections of the phase", () => {
    expect(judgeOne(check, crowd(new Story()).record(), "baseline")).toEqual({
      status: "met",
      measured: 0,
      samples: 6,
    });
  });

  test("clients that leave by themselves with 1000 are no news", () => {
    expect(judgeOne(check, crowd(new Story()).leave(3, 9_000).record(), "baseline").status).toBe("met");
  });

  test("RFC 6455: a leave that the server ends without a code (1005) is an orderly one", () => {
    const record = crowd(new Story()).close(3, 9_000, { by: "self", code: 1_005 }).record();
    expect(judgeOne(check, record, "baseline").status).toBe("met");
    const byPeer = crowd(new Story()).close(3, 9_000, { by: "peer", code: 1_005 }).record();
    expect(judgeOne(check, byPeer, "baseline").status).toBe("breached");
  });

  test("behind the one address of a user's own system any server may be the one that was hit", () => {
    const own = (metricsUrls: readonly string[]) => {
      const urls = ["ws://127.0.0.1:8080/ws"];
      const target = { kind: "external", urls, connectHeaders: {}, metricsUrls } as const;
      const story = new Story({ target }).fault("command", "server-2", 8_000, 10_000, { closes: [1_006] });
      for (let client = 0; client < 6; client++) story.join(client, "a", 500, 0);
      const { ledger, ...lines } = story.close(4, 8_100).lines();
      // Its servers do not name themselves.
      const nameless = ledger.map((line) =>
        line.type === "flush"
          ? { ...line, connections: line.connections.map((told) => ({ ...told, server: undefined })) }
          : line,
      ) as typeof ledger;
      return judgeOne(check, assemble({ ...lines, ledger: nameless }), "during command server-2").status;
    };
    expect([own([]), own(["http://a/metrics", "http://b/metrics"])]).toEqual(["met", "met"]);
    // One metrics page, one server: and that is not server-2.
    expect(own(["http://a/metrics"])).toBe("breached");
  });

  test.each([
    ["1000 by the peer", { code: 1_000, by: "peer" }, "1 × 1000"],
    ["1011", { code: 1_011, by: "peer" }, "1 × 1011"],
    ["no close frame: 1006", { code: null, by: "unknown" }, "1 × 1006"],
    ["abandoned by the client itself", { code: null, by: "self" }, "1 × 1006"],
  ] as const)("I64: %s without a fault is unexpected", (_, how, text) => {
    expect(judgeOne(check, crowd(new Story()).close(4, 9_000, how).record(), "baseline")).toMatchObject({
      status: "breached",
      measured: 1,
      why: `1 close without a cause: ${text}`,
    });
  });

  test("B22: a planned stop explains 1012, never 1006", () => {
    const stop = (code: number | null) =>
      judgeOne(
        check,
        crowd(new Story(long))
          .fault("terminate", "server-2", 10_000, 12_000, { closes: [1_000, 1_001, 1_012] })
          .close(1, 10_200, { code, by: code === null ? "unknown" : "peer", reason: "drain", silentMs: 12 })
          .record(),
        "during terminate server-2",
      );
    expect(stop(1_012)).toMatchObject({ status: "met", measured: 0 });
    expect(stop(null)).toEqual({
      status: "breached",
      measured: 1,
      samples: 6,
      why: "1 close without a cause: 1 × 1006",
      counterexamples: [
        {
          text: 'client 1 on server-2: 1006 (no close frame) "drain", 12 ms after the last byte',
          atMs: 10_200,
          client: 1,
          server: "server-2",
          fault: 0,
        },
      ],
    });
  });

  test("a fault explains the closes of its own server only, also through its clients' link", () => {
    expect(judgeOne(check, killed().close(1, 10_050).record(), "during kill server-2").status).toBe("met");
    expect(judgeOne(check, killed().close(2, 10_050).record(), "during kill server-2").status).toBe(
      "breached",
    );
    const cut = crowd(new Story(long)).fault("cut", "server-2/clients", 10_000, 12_000).close(1, 10_050);
    expect(judgeOne(check, cut.record(), "during cut server-2/clients").status).toBe("met");
    const store = crowd(new Story(long))
      .fault("cut", "server-2/redis", 10_000, 12_000, { closes: [] })
      .close(1, 10_050);
    expect(judgeOne(check, store.record(), "during cut server-2/redis").status).toBe("breached");
  });

  test("from 1 s before the fault until 2 s after its healing, and not a ms longer", () => {
    const at = (atMs: number, phase: string) =>
      judgeOne(check, killed().close(1, atMs).record(), phase).status;
    expect(at(8_999, "baseline")).toBe("breached");
    expect(at(9_000, "baseline")).toBe("met");
    expect(at(14_000, "recovery after kill server-2")).toBe("met");
    expect(at(14_001, "recovery after kill server-2")).toBe("breached");
  });

  test("a close belongs to the phase in which it came", () => {
    const record = killed().close(2, 30_000, { code: 1_011, by: "peer" }).record();
    const status = (phase: string) => judgeOne(check, record, phase).status;
    expect(status("final")).toBe("breached");
    expect(status("baseline")).toBe("met");
    const early = killed().close(2, 5_000, { code: 1_011, by: "peer" }).record();
    expect(judgeOne(check, early, "baseline").status).toBe("breached");
    expect(judgeOne(check, early, "final").status).toBe("met");
  });

  test("whoever misbehaves on purpose may be closed with the code that it asks for, and with no other", () => {
    const roles = [{ name: "stalled", clients: 6, engine: "native", provokes: [1_013] }] as const;
    const closed = (code: number) =>
      judgeOne(check, crowd(new Story({ roles })).close(4, 9_000, { code, by: "peer" }).record(), "baseline");
    expect([closed(1_013).status, closed(1_011).status]).toEqual(["met", "breached"]);
  });

  test("where CONNECTED named another server than the one that was dialled, or none, either may be the one that was hit", () => {
    const record = killed().close(1, 10_050).record();
    const placed = (where: { readonly endpoint: number; readonly server?: string }) => {
      const connections = record.ledger.connections.map((event) => {
        if (event.what !== "closed") return event;
        const { server: _, ...rest } = event;
        return { ...rest, ...where };
      });
      const behind = { ...record, ledger: { ...record.ledger, connections } };
      return judgeOne(check, behind, "during kill server-2").status;
    };
    expect(placed({ endpoint: 1 })).toBe("met");
    expect(placed({ endpoint: 1, server: "server-1" })).toBe("met");
    expect(placed({ endpoint: 0, server: "server-2" })).toBe("met");
    expect(placed({ endpoint: 0 })).toBe("breached");
  });

  test("the drain belongs to the last phase, the leave after it to none", () => {
    const drain = (atMs: number) =>
      judgeOne(check, crowd(new Story()).close(4, atMs, { code: 1_011, by: "peer" }).record(), "baseline")
        .status;
    expect([drain(20_500), drain(21_999), drain(22_000)]).toEqual(["breached", "breached", "met"]);
  });

  test("what could have been closed: who connected before the phase ended and was not gone before it began", () => {
    const story = new Story(long).fault("kill", "server-2", 10_000, 12_000);
    story.connect(0, 500).connect(1, 10_000).connect(2, 500).leave(2, 2_000).connect(3, 500).leave(3, 1_999);
    // Those who only meant to.
    story.due(4, 3_000).due(5, 3_000);
    expect(judgeOne(check, story.record(), "baseline")).toMatchObject({ status: "met", samples: 2 });
  });

  test("a close in the first moment of a phase is that phase's", () => {
    const record = killed().close(2, 10_000, { code: 1_011, by: "peer" }).record();
    expect(judgeOne(check, record, "during kill server-2").status).toBe("breached");
    expect(judgeOne(check, record, "baseline").status).toBe("met");
  });

  test("what closes once the run is being stopped is nobody's fault", () => {
    const closing = (atMs: number) => {
      const record = crowd(new Story()).close(4, atMs, { code: 1_011, by: "peer" }).record();
      const history = record.history.map((event) =>
        event.kind === "run" && event.what === "stopping" ? { ...event, atMs: 21_000 } : event,
      );
      return judgeOne(check, { ...record, history }, "baseline").status;
    };
    expect([closing(20_999), closing(21_000)]).toEqual(["breached", "met"]);
  });

  test("every kind of close is counted, ten are shown", () => {
    const story = new Story();
    for (let client = 0; client < 14; client++) story.join(client, "a", 500);
    for (let client = 0; client < 14; client++)
      story.close(client, 5_000 + client, { code: client < 9 ? 1_011 : null });
    const verdict = judgeOne(check, story.record(), "baseline");
    expect(verdict).toMatchObject({ measured: 14, why: "14 closes without a cause: 5 × 1006, 9 × 1011" });
    expect("counterexamples" in verdict && verdict.counterexamples).toHaveLength(10);
  });

  test("without a connection it is unknown", () => {
    expect(judgeOne(check, new Story().record(), "baseline")).toMatchObject({
      status: "unknown",
      samples: 0,
    });
  });
});

describe("behind a balancer, where everybody dials one address", () => {
  const behind = {
    ...long,
    target: {
      kind: "reference" as const,
      instances: 3,
      defects: [],
      balancer: {
        program: "nginx" as const,
        balance: "round-robin" as const,
        idleTimeoutMs: 3_600_000,
        passesUpgrade: true,
        upstreamHttp: "1.1" as const,
        forwardsHeaders: true,
        buffers: false,
        failsOver: true,
        deadServers: 0,
        connectionsMax: 0,
        defects: [],
      },
      runAs: "processes" as const,
    },
  };
  const all = (story: Story) => [0, 1, 2].reduce((told, client) => told.close(client, 10_100), crowd(story));

  test("E13: a killed server explains the closes of its own clients only", () => {
    const story = all(new Story(behind).fault("kill", "server-1", 10_000, 12_000));
    expect(judgeOne(check, story.record(), "during kill server-1")).toMatchObject({
      status: "breached",
      measured: 2,
      counterexamples: [
        { client: 1, server: "server-2" },
        { client: 2, server: "server-3" },
      ],
    });
  });

  test.each([
    ["balancer-reload", "balancer"],
    ["kill", "balancer"],
    ["cut", "balancer/clients"],
  ])("E40: %s on %s explains everybody's", (fault, target) => {
    const story = all(new Story(behind).fault(fault, target, 10_000, 12_000));
    expect(judgeOne(check, story.record(), `during ${fault} ${target}`)).toMatchObject({
      status: "met",
      measured: 0,
    });
  });
});
