import { expect, test } from "vitest";
import { overall } from "./verdict.ts";

test("breached beats unknown beats met, and nothing is unknown", () => {
  const of = (...statuses: ("met" | "breached" | "unknown")[]) =>
    overall(statuses.map((status) => ({ status })));
  expect(of()).toBe("unknown");
  expect(of("met", "met")).toBe("met");
  expect(of("met", "unknown")).toBe("unknown");
  expect(of("unknown", "breached", "met")).toBe("breached");
});
