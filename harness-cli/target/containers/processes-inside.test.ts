import { expect, test } from "vitest";
import { startedByFirst } from "./processes-inside.ts";

const lines = (...all: string[]) => `${all.join("\n")}\n`;

test("E40: the workers of a reloaded nginx by what they call themselves; whoever looks is none of them", () => {
  const printed = lines(
    "/proc/1/stat:1 (nginx) S 0 1 1 0 -1 4194560 1510 0",
    "/proc/22/stat:22 (nginx) S 1 1 1 0 -1 4194624 310 0",
    "/proc/31/stat:31 (nginx) S 1 1 1 0 -1 4194624 290 0",
    "/proc/40/stat:40 (sh) S 0 40 40 0 -1 4194560 120 0",
    "/proc/46/stat:46 (grep) R 40 40 40 0 -1 4194304 95 0",
    "/proc/1/cmdline:nginx: master process nginx -p /balancer/ -c nginx.conf\0",
    "/proc/22/cmdline:nginx: worker process is shutting down\0\0\0\0",
    "/proc/31/cmdline:nginx: worker process\0\0",
    "/proc/40/cmdline:sh\0-c\0grep\0",
    "/proc/46/cmdline:grep\0-s\0",
  );
  expect(startedByFirst(printed)).toEqual([
    { pid: 22, title: "nginx: worker process is shutting down" },
    { pid: 31, title: "nginx: worker process" },
  ]);
});

test("names with spaces and parentheses, children of children, and one that is gone while it is looked at", () => {
  const printed = lines(
    "/proc/1/stat:1 (haproxy) S 0 1 1 0",
    "/proc/8/stat:8 (a (b) c) S 1 1 1 0",
    "/proc/9/stat:9 (child) Z 8 1 1 0",
    "/proc/8/cmdline:haproxy\0-W\0-db\0",
  );
  expect(startedByFirst(printed)).toEqual([{ pid: 8, title: "haproxy -W -db" }, { pid: 9 }]);
  expect(startedByFirst("")).toEqual([]);
});
