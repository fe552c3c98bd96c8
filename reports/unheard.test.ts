import { describe, expect, test } from "vitest";
import connectionGauge from "./checks/connection-gauge.ts";
import queuedBytes from "./checks/queued-bytes.ts";
import sendQueueDepth from "./checks/send-queue-depth.ts";
import { judgeOne } from "./testing/judge-one.ts";
import { Story } from "./testing/story.ts";

const depth = (second: number) => ({
  'websocket_send_queue_depth_bucket{le="4"}': 20 * second,
  'websocket_send_queue_depth_bucket{le="+Inf"}': 20 * second,
});
const bytes = () => ({ websocket_send_queue_bytes: 0, 'process_memory_limit_bytes{of="heap"}': 1e9 });
const gauge = () => ({ websocket_connections_active: 1 });

/** Two servers are well in every second; the third answers in those before `heardUntilS` only. */
function silent(
  series: (second: number) => Record<string, number>,
  heardUntilS: number,
  story = new Story(),
) {
  for (let client = 0; client < 3; client++) story.join(client, "a", 500);
  for (let second = 1; second <= 20; second++) {
    const isHeard = second < heardUntilS;
    story
      .server(second * 1_000, "server-1", series(second))
      .server(second * 1_000, "server-2", series(second));
    story.server(second * 1_000, "server-3", isHeard ? series(second) : {}, isHeard);
  }
  return story.record();
}

describe.each([
  ["queued-bytes", queuedBytes, bytes],
  ["send-queue-depth", sendQueueDepth, depth],
  ["connection-gauge", connectionGauge, gauge],
] as const)("INV-BOUND, INV-METRIC: %s", (_, check, series) => {
  test("a server that never answers may be the one that is not well", () => {
    expect(judgeOne(check, silent(series, 0), "baseline")).toMatchObject({
      status: "unknown",
      why: "server-3 gave no metrics in this phase",
    });
  });

  test("one that answered some of the time was heard", () => {
    expect(judgeOne(check, silent(series, 8), "baseline").status).toBe("met");
  });
});

test("a phase's answers are those after its first moment, up to its last", () => {
  const answersAt = (...times: readonly number[]) => {
    const story = new Story();
    for (let second = 1; second <= 22; second++) {
      story.server(second * 1_000, "server-1", bytes());
      const isHeard = times.includes(second * 1_000);
      story.server(second * 1_000, "server-2", isHeard ? bytes() : {}, isHeard);
    }
    return judgeOne(queuedBytes, story.record(), "baseline").status;
  };
  // From 2 to 20 s.
  expect([answersAt(2_000, 21_000), answersAt(3_000), answersAt(20_000)]).toEqual(["unknown", "met", "met"]);
});

test("E13: one whose process a fault ended is not expected to answer", () => {
  const killed = new Story().fault("kill", "server-3", 8_000, 18_000);
  expect(judgeOne(queuedBytes, silent(bytes, 8, killed), "during kill server-3").status).toBe("met");
  const all = new Story().fault("kill", "server-all", 8_000, 18_000);
  expect(judgeOne(queuedBytes, silent(bytes, 8, all), "during kill server-all").status).toBe("met");
  const other = new Story().fault("kill", "server-2", 8_000, 18_000);
  expect(judgeOne(queuedBytes, silent(bytes, 8, other), "during kill server-2").status).toBe("unknown");
});
