import { expect, test } from "vitest";
import { valuesOf } from "./metrics-page.ts";

const page = [
  "# HELP work_queue_depth messages waiting",
  'work_queue_depth{queue="persist"} 7',
  'work_queue_depth{queue="outbox"} 2',
  'counted_alone_total{what="send"} 3',
  "db_pool_waiting 4",
  "db_pool_waiting_more 9",
].join("\n");

test.each([
  ["work_queue_depth", { queue: "persist" }, [7]],
  ["work_queue_depth", {}, [7, 2]],
  ["work_queue_depth", { queue: "none" }, []],
  ["db_pool_waiting", {}, [4]],
  ["db_pool", {}, []],
] as const)("%s %j is %j", (name, labels, values) => {
  expect(valuesOf(page, name, labels)).toEqual(values);
});
