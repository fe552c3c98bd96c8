import { expect, test } from "vitest";
import {
  parseCpuTimes,
  parseDescriptorLimit,
  parsePortRange,
  parseStat,
  parseStatus,
  parseTurns,
} from "./proc-files.ts";

test("/proc/stat: iowait is idle, steal is in use, guest time is not counted twice", () => {
  const text = "cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
  expect(parseCpuTimes(text)).toEqual({ idle: 450, stolen: 8, total: 621 });
});

test("/proc/<pid>/stat: a name with spaces and parentheses does not shift the fields", () => {
  const text =
    "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 500 0 0 0 250 50 7 8 20 0 11 0 987654 1000 200 18446744";
  expect(parseStat(text)).toEqual({ cpuTicks: 300, startTicks: 987654 });
  expect(() => parseStat("nonsense")).toThrow(SyntaxError);
});

test("/proc/<pid>/task/<tid>/schedstat: the wait for a core in milliseconds, and how often it got one", () => {
  expect(parseTurns("78900000 1500000 321\n")).toEqual({ waitedMs: 1.5, turns: 321 });
  expect(() => parseTurns("7 8")).toThrow("not a schedstat");
});

test("/proc/<pid>/status: resident and unshared memory in bytes", () => {
  const text = "Name:\tx\nVmRSS:\t    2048 kB\nRssAnon:\t    1024 kB\nRssFile:\t     900 kB\n";
  expect(parseStatus(text)).toEqual({ residentBytes: 2_097_152, privateBytes: 1_048_576 });
  expect(() => parseStatus("Name:\tkthreadd\n")).toThrow("no VmRSS");
});

test("/proc/<pid>/limits: the soft limit of open files, or none", () => {
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                1048576              files\n`;
  expect(parseDescriptorLimit(limits("1024"))).toBe(1_024);
  expect(parseDescriptorLimit(limits("unlimited"))).toBe(Number.POSITIVE_INFINITY);
  expect(() => parseDescriptorLimit("nonsense")).toThrow(SyntaxError);
});

test("/proc/sys/net/ipv4/ip_local_port_range: both ends belong to it", () => {
  expect(parsePortRange("32768\t60999\n")).toBe(28_232);
  expect(() => parsePortRange("none")).toThrow(SyntaxError);
});
