import { describe, expect, test } from "vitest";
import { fakeMachine } from "../provision/fake-machine.test-support.ts";
import type { Machine } from "../provision/machine.ts";
import { doctor } from "./doctor.ts";

async function run(machine: Machine, options: { fix?: boolean; json?: boolean } = {}) {
  let stdout = "";
  let stderr = "";
  const exit = await doctor(
    { fix: options.fix === true, json: options.json === true, machine },
    { stdout: (text) => (stdout += text), stderr: (text) => (stderr += text) },
  );
  return { exit, stdout, stderr };
}

describe("seaworthy doctor", () => {
  test("all there: exit 0, one line for each tool", async () => {
    await using fake = await fakeMachine();
    await fake.program("k6", "echo 'k6 v2.2.0 (go, linux)'");
    await fake.program("toxiproxy-server", "echo toxiproxy-server version 2.12.0");
    await fake.program("redis-server", "echo 'Redis server v=7.0.15'");
    const { exit, stdout } = await run(fake.machine);
    expect(exit).toBe(0);
    expect(stdout.match(/^ok /gm)).toHaveLength(5);
    expect(stdout).toContain(fake.machine.cacheDir);
  });

  test("something missing: exit 4, what was refused and why, and how to get it", async () => {
    await using fake = await fakeMachine();
    await fake.program("k6", "echo 'k6 v1.0.0 (go, linux)'");
    const { exit, stdout } = await run(fake.machine);
    expect(exit).toBe(4);
    expect(stdout).toMatch(/^-- {2}k6 2\.2\.0 +missing\n +not .*\/k6: it is version 1\.0\.0/m);
    expect(stdout).toContain("npx seaworthy doctor --fix");
  });

  test("--json is one document that a script can read", async () => {
    await using fake = await fakeMachine();
    const { exit, stdout } = await run(fake.machine, { json: true });
    const document = JSON.parse(stdout);
    expect(exit).toBe(4);
    expect(document).toMatchObject({ ok: false, cache: fake.machine.cacheDir });
    const names = document.tools.map((tool: { tool: string }) => tool.tool);
    expect(names).toEqual(["node", "k6", "toxiproxy", "redis", "postgres", "nginx", "haproxy"]);
  });

  test("--fix that fails still shows the table, and the error with its hint on stderr", async () => {
    await using fake = await fakeMachine();
    await fake.program("go", 'case "$1" in env) echo go1.26.0;; *) echo "proxy unreachable"; exit 1;; esac');
    const { exit, stdout, stderr } = await run(fake.machine, { fix: true });
    expect(exit).toBe(4);
    expect(stderr).toContain("SW_PROVISION_FAILED");
    expect(stderr).toContain("proxy unreachable");
    expect(stdout).toContain("--  k6 2.2.0");
  });
});
