import { expect, test } from "vitest";
import { MistakeList } from "./mistakes.ts";
import { checkParams, parseParams } from "./params.ts";

const of = { params: { clients: 60, rampMs: 6_000 }, bounds: { clients: [1, 100] } } as const;

/** What is wrong with these, as the command line and a plan file say it. */
function told(look: (mistakes: MistakeList) => unknown): string {
  const mistakes = new MistakeList();
  look(mistakes);
  try {
    mistakes.check();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
  "%s, which every object has, is no parameter",
  (key) => {
    const unknown = `SW_BAD_PARAMETER: ramp has no parameter "${key}"`;
    expect(told((mistakes) => parseParams("ramp", [`${key}=1`], of, mistakes))).toBe(unknown);
    const params = Object.fromEntries([...Object.entries(of.params), [key, 1]]);
    expect(told((mistakes) => checkParams("ramp", params, of, mistakes))).toBe(unknown);
  },
);

test.each(["2.5", "1e30"])("clients=%s are no number of clients; a time may have a fraction", (many) => {
  const notWhole = expect.stringMatching(/^SW_BAD_PARAMETER: ramp: clients=\S+ is not a whole number$/);
  expect(told((mistakes) => parseParams("ramp", [`clients=${many}`], of, mistakes))).toEqual(notWhole);
  const params = { ...of.params, clients: Number(many) };
  expect(told((mistakes) => checkParams("ramp", params, of, mistakes))).toEqual(notWhole);
  expect(told((mistakes) => parseParams("ramp", ["rampMs=2.5"], of, mistakes))).toBe("");
});
