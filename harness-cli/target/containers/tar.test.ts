import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { tarOf } from "./tar.ts";

test("folders may be entered by everybody, files read by everybody, as tar itself understands it", () => {
  const archive = tarOf({ "balancer/": "", "balancer/temp/": "", "balancer/nginx.conf": "events {}\n" });
  const { stdout, stderr, status } = spawnSync("tar", ["-tvf", "-", "--numeric-owner"], {
    input: archive,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  const listed = stdout.trim().split("\n");
  expect(listed.map((line) => [line.split(/\s+/)[0], line.split(/\s+/).at(-1)])).toEqual([
    ["drwxr-xr-x", "balancer/"],
    ["drwxr-xr-x", "balancer/temp/"],
    ["-rw-r--r--", "balancer/nginx.conf"],
  ]);
  const text = spawnSync("tar", ["-xOf", "-", "balancer/nginx.conf"], { input: archive, encoding: "utf8" });
  expect(text.stdout).toBe("events {}\n");
});
