import { expect, test } from "vitest";
import { samples } from "./series.ts";

const page = [
  "# HELP offline_items items",
  "# TYPE offline_items gauge",
  "offline_items 3",
  'offline_items_total{what="drained",server="a b"} 4.5',
  'offline_items_total{what="buffered"} 1e3',
  "",
].join("\n");

test("the samples of one metric, and not those of one whose name begins alike", () => {
  expect(samples(page, "offline_items")).toEqual([{ labels: "", value: 3 }]);
  expect(samples(page, "offline_items_total")).toEqual([
    { labels: 'what="drained",server="a b"', value: 4.5 },
    { labels: 'what="buffered"', value: 1_000 },
  ]);
  expect(samples(page, "offline")).toEqual([]);
});
