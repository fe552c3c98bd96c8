import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { explains, type Fault } from "./fault.ts";
import cut from "./faults/cut.ts";
import kill from "./faults/kill.ts";
import latency from "./faults/latency.ts";
import terminate from "./faults/terminate.ts";

test("E6: a cut explains 1006 on the clients' own link, and nothing there when it hits a store's link", () => {
  expect(explains(cut, "server-2/clients")).toEqual({ closes: [1006], drops: true });
  expect(explains(cut, "server-2/redis")).toEqual({ closes: [], drops: false });
  expect(explains(cut, "server-2/postgres")).toEqual({ closes: [], drops: false });
});

test("E13: a killed server explains its clients' 1006, a killed store excuses nobody", () => {
  expect(explains(kill, "server-1")).toEqual({ closes: [1006], drops: true });
  expect(explains(kill, "toxiproxy")).toEqual({ closes: [1006], drops: true });
  expect(explains(kill, "redis")).toEqual({ closes: [], drops: false });
  expect(explains(kill, "postgres")).toEqual({ closes: [], drops: false });
});

test("E12, B22: a planned stop explains proper close codes only, never 1006", () => {
  expect(explains(terminate, "server-1")).toEqual({ closes: [1000, 1001, 1012], drops: true });
});

test("E1: a slow link explains no close at all", () => {
  expect(explains(latency, "server-1/clients")).toEqual({ closes: [], drops: false });
});

test("every fault file carries its own name, explains each parameter and keeps its defaults within bounds", async () => {
  const files = (await readdir(new URL("./faults/", import.meta.url))).filter(
    (file) => /\.[jt]s$/.test(file) && !file.includes(".test."),
  );
  expect(files.length).toBeGreaterThanOrEqual(4);
  for (const file of files) {
    const { default: fault } = (await import(
      /* @vite-ignore */ new URL(`./faults/${file}`, import.meta.url).href
    )) as { default: Fault };
    expect(fault.name).toBe(file.replace(/\.[jt]s$/, ""));
    expect(Object.keys(fault.explain).sort()).toEqual(Object.keys(fault.params).sort());
    expect(fault.requirement.length).toBeGreaterThan(0);
    for (const [key, bounds] of Object.entries(fault.bounds ?? {})) {
      const value = fault.params[key];
      if (typeof value === "string") expect(bounds).toContain(value);
      else {
        expect(value).toBeGreaterThanOrEqual((bounds as [number, number])[0]);
        expect(value).toBeLessThanOrEqual((bounds as [number, number])[1]);
      }
    }
  }
});
