import { expect, test } from "vitest";
import { type AnyDefect, loadCatalog } from "../catalog.ts";
import { requestsOf } from "../prove.ts";
import { keyOf, requestFor } from "./request.ts";

const catalog = await loadCatalog();
const defect = (name: string) => catalog.defects.get(name) as AnyDefect;
const options = { seed: 1, cwd: "/", healthyRuns: undefined };

test("B183: a defect of the balancer is proved beside the same balancer set up well, not beside none", () => {
  const [broken, healthy, ...more] = requestsOf([defect("bad-gateway-on-upgrade")], options);
  expect(more).toEqual([]);
  for (const request of [broken, healthy]) expect(request?.target).toMatchObject({ balancer: "nginx" });
  expect([broken?.defects, healthy?.defects]).toEqual([["bad-gateway-on-upgrade"], []]);
});

test("with and without a balancer are different runs, with seeds of their own", () => {
  const [without] = requestsOf([defect("abrupt-close-1006")], options);
  const [behind] = requestsOf([defect("abrupt-close-1006")], {
    ...options,
    system: { balancer: "haproxy" },
  });
  expect(behind?.target).toMatchObject({ balancer: "haproxy" });
  expect(without?.seed).not.toBe(behind?.seed);
  const key = (balancer?: string) => keyOf(requestFor(defect("abrupt-close-1006"), 1, "/", { balancer }));
  expect(key("haproxy")).toBe(`${key()} behind haproxy`);
});
