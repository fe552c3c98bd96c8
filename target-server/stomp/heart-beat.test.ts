import { expect, test } from "vitest";
import { negotiateVersion } from "./frame.ts";
import { agreeBeat, parseHeartBeat } from "./heart-beat.ts";

test("A52: the slower side decides, and 0 on either side disables that direction", () => {
  const server = { sendsMs: 25_000, wantsMs: 25_000 };
  expect(agreeBeat(server, { sendsMs: 10_000, wantsMs: 30_000 })).toEqual({
    sendEveryMs: 30_000,
    expectEveryMs: 25_000,
  });
  expect(agreeBeat(server, { sendsMs: 0, wantsMs: 1_000 })).toEqual({
    sendEveryMs: 25_000,
    expectEveryMs: 0,
  });
  expect(agreeBeat(server, { sendsMs: 1_000, wantsMs: 0 })).toEqual({
    sendEveryMs: 0,
    expectEveryMs: 25_000,
  });
});

test.each(["1", "1,", "-1,0", "a,b", "1,2,3", "1.5,2", "1e3,0", " 1,2"])(
  "A52: heart-beat %j is malformed",
  (header) => {
    expect(parseHeartBeat(header)).toBeUndefined();
  },
);

test("A52: no heart-beat header means 0,0", () => {
  expect(parseHeartBeat(undefined)).toEqual({ sendsMs: 0, wantsMs: 0 });
});

test.each([
  ["1.0,1.1,1.2", "1.2"],
  ["1.1", "1.1"],
  [" 1.0 , 1.1 ", "1.1"],
  [undefined, "1.0"],
  ["2.0", undefined],
])("A35: accept-version %j gives %j", (accept, version) => {
  expect(negotiateVersion(accept)).toBe(version);
});
