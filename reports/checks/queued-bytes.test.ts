import { expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./queued-bytes.ts";

const HEAP = 'process_memory_limit_bytes{of="heap"}';
const CONTAINER = 'process_memory_limit_bytes{of="container"}';
const holds = (bytes: number, limits: Record<string, number> = { [HEAP]: 1_000 * 1_048_576 }) =>
  new Story()
    .server(5_000, "server-1", { websocket_send_queue_bytes: 0, ...limits })
    .server(6_000, "server-1", { websocket_send_queue_bytes: bytes, ...limits })
    .record();

test("D8: 5 % of the memory is met, more is not", () => {
  expect(judgeOne(check, holds(50 * 1_048_576), "baseline")).toEqual({
    status: "met",
    measured: 5,
    samples: 2,
  });
  expect(judgeOne(check, holds(60 * 1_048_576), "baseline")).toMatchObject({
    status: "breached",
    measured: 6,
    why: "server-1 held 60 MB for its clients, 6 % of its memory; the limit is 5 %",
    counterexamples: [{ server: "server-1", atMs: 6_000 }],
  });
});

test("A75: the smaller of heap and container counts", () => {
  const small = { [HEAP]: 1_000 * 1_048_576, [CONTAINER]: 100 * 1_048_576 };
  expect(judgeOne(check, holds(6 * 1_048_576, small), "baseline")).toMatchObject({
    status: "breached",
    measured: 6,
  });
});

test("D8: the moments over the limit are shown, the one at it is not", () => {
  const limits = { [HEAP]: 1_000 * 1_048_576 };
  const story = new Story();
  for (const [atMs, megabytes] of [
    [5_000, 50],
    [6_000, 60],
  ] as const)
    story.server(atMs, "server-1", { websocket_send_queue_bytes: megabytes * 1_048_576, ...limits });
  const verdict = judgeOne(check, story.record(), "baseline");
  expect("counterexamples" in verdict && verdict.counterexamples.map(({ atMs }) => atMs)).toEqual([6_000]);
});

test("a sample speaks of the second before it: the phase's last moment is its own, its first the one's before", () => {
  const at = (atMs: number) => {
    const story = new Story().server(atMs, "server-1", { websocket_send_queue_bytes: 0, [HEAP]: 1_000 });
    return judgeOne(check, story.record(), "baseline").status;
  };
  expect([at(2_000), at(2_001), at(20_000), at(20_001)]).toEqual(["unknown", "met", "met", "unknown"]);
});

test("a server that does not say is unknown", () => {
  expect(judgeOne(check, holds(1, {}), "baseline")).toMatchObject({ status: "unknown", samples: 0 });
});
