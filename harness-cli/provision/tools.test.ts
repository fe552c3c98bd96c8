import { chmod, mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { SeaworthyError } from "../errors.ts";
import { fakeMachine } from "./fake-machine.test-support.ts";
import type { Machine } from "./machine.ts";
import type { ToolName } from "./tool.ts";
import { findTools, inspectTools, type ToolReport } from "./tools.ts";

async function report(machine: Machine, tool: ToolName): Promise<ToolReport> {
  return (await inspectTools(machine)).find((each) => each.tool === tool)!;
}

async function errorOf(promise: Promise<unknown>): Promise<SeaworthyError> {
  const error = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof SeaworthyError)) throw error;
  return error;
}

describe("what is on the machine", () => {
  test("the right version on the PATH is taken", async () => {
    await using fake = await fakeMachine();
    const file = await fake.program("k6", "echo 'k6 v2.2.1 (go1.26.8, linux/amd64)'");
    expect((await report(fake.machine, "k6")).found).toEqual({ path: file, version: "2.2.1", from: "PATH" });
  });

  test("a wrong version is refused with its number, and the next one on the PATH is taken", async () => {
    await using fake = await fakeMachine();
    await using other = await fakeMachine();
    const old = await fake.program("k6", "echo 'k6 v1.4.0 (go1.24, linux/amd64)'");
    const right = await other.program("k6", "echo 'k6 v2.2.0 (go1.26.8, linux/amd64)'");
    const both = { ...fake.machine, searchPath: [fake.bin, other.bin] };
    const { found, refused } = await report(both, "k6");
    expect(found?.path).toBe(right);
    expect(refused).toEqual([
      { path: old, why: expect.stringContaining("it is version 1.4.0, needed is k6 2.2.0") },
    ]);
  });

  test("a Toxiproxy from `go install` calls itself git: refused, since its version cannot be known", async () => {
    await using fake = await fakeMachine();
    await fake.program("toxiproxy-server", "echo toxiproxy-server version git");
    const { found, refused } = await report(fake.machine, "toxiproxy");
    expect(found).toBeUndefined();
    expect(refused[0]?.why).toContain("does not say a version");
  });

  test("a program that does not run here is refused with what it said", async () => {
    await using fake = await fakeMachine();
    await fake.program("redis-server", "echo 'libfoo.so: cannot open shared object file' >&2; exit 127");
    expect((await report(fake.machine, "redis")).refused[0]?.why).toContain("libfoo.so");
  });

  test("Redis 5 is too old, Valkey is as good as Redis", async () => {
    await using fake = await fakeMachine();
    await fake.program("redis-server", "echo 'Redis server v=5.0.14 sha=0:0'");
    const valkey = await fake.program("valkey-server", "echo 'Valkey server v=8.1.1 sha=0:0'");
    const { found, refused } = await report(fake.machine, "redis");
    expect(found?.path).toBe(valkey);
    expect(refused[0]?.why).toContain("5.0.14");
  });

  test("Postgres comes from npm with its library links made, so that it runs", async () => {
    await using fake = await fakeMachine();
    const { found } = await report(fake.machine, "postgres");
    expect(found).toMatchObject({ from: "npm", version: expect.stringMatching(/^18\./) });
  });
});

describe("the memory of versions", () => {
  test("a program is asked once, and again when its file has changed", async () => {
    await using fake = await fakeMachine();
    const asked = path.join(fake.bin, "..", "asked");
    const file = await fake.program("k6", `echo x >> ${asked}; echo 'k6 v2.2.0 (go, linux)'`);
    await inspectTools(fake.machine);
    await inspectTools(fake.machine);
    expect(await readFile(asked, "utf8")).toBe("x\n");

    await fake.program("k6", `echo x >> ${asked}; echo 'k6 v1.0.0 (go, linux)'; # another file`);
    expect((await report(fake.machine, "k6")).found).toBeUndefined();
    expect(await readFile(asked, "utf8")).toBe("x\nx\n");

    // the same size, only another time
    await utimes(file, new Date(), new Date(Date.now() + 5_000));
    await inspectTools(fake.machine);
    expect(await readFile(asked, "utf8")).toBe("x\nx\nx\n");
  });

  test("a torn memory is forgotten", async () => {
    await using fake = await fakeMachine();
    await fake.program("k6", "echo 'k6 v2.2.0 (go, linux)'");
    await inspectTools(fake.machine);
    const memory = path.join(fake.machine.cacheDir, "known-versions.json");
    await writeFile(memory, (await readFile(memory, "utf8")).slice(0, 40));
    expect((await report(fake.machine, "k6")).found?.version).toBe("2.2.0");
  });
});

describe("what findTools says when it cannot", () => {
  test("all missing tools at once, with the command that helps", async () => {
    await using fake = await fakeMachine();
    const error = await errorOf(findTools({ machine: fake.machine }));
    expect(error.code).toBe("SW_TOOL_MISSING");
    expect(error.message).toContain("k6 2.2.0 is not on this machine");
    expect(error.message).toContain("Redis or Valkey ≥ 6 is not on this machine");
    expect(error.hint).toBe("npx seaworthy doctor --fix");
  });

  test("only a wrong version is there: SW_TOOL_VERSION, and which", async () => {
    await using fake = await fakeMachine();
    await fake.program("k6", "echo 'k6 v0.57.0 (go, linux)'");
    await fake.program("toxiproxy-server", "echo toxiproxy-server version 2.12.0");
    await fake.program("redis-server", "echo 'Redis server v=7.0.15'");
    const error = await errorOf(findTools({ machine: fake.machine }));
    expect(error.code).toBe("SW_TOOL_VERSION");
    expect(error.message).toContain("it is version 0.57.0");
  });

  test("every way to get a tool failed: each is named with its reason", async () => {
    await using fake = await fakeMachine();
    await fake.program("toxiproxy-server", "echo toxiproxy-server version 2.12.0");
    await fake.program(
      "go",
      'case "$1" in env) echo go1.26.0;; *) echo "no route to the module proxy"; exit 1;; esac',
    );
    await fake.program("pip3", "echo 'ERROR: hashes do not match'; exit 1");
    const error = await errorOf(findTools({ fix: true, machine: fake.machine }));
    expect(error.code).toBe("SW_PROVISION_FAILED");
    expect(error.message).toContain("go build of k6: no route to the module proxy");
    expect(error.message).toContain("ERROR: hashes do not match");
    expect(error.message).toContain("no apt-get on this machine");
    expect(error.hint).toContain("install Go");
  });

  test("a cache that cannot be written: SW_NOT_WRITABLE", async () => {
    await using fake = await fakeMachine();
    const notAFolder = await fake.program("a-file", "");
    const error = await errorOf(findTools({ fix: true, machine: { ...fake.machine, cacheDir: notAFolder } }));
    expect(error.code).toBe("SW_NOT_WRITABLE");
    expect(error.hint).toContain("SEAWORTHY_CACHE");
  });
});

describe("fixing", () => {
  test("what is missing is built into the cache, with progress, and found there from then on", async () => {
    await using fake = await fakeMachine();
    await fake.program("redis-server", "echo 'Redis server v=7.0.15'");
    await fake.program("toxiproxy-server", "echo toxiproxy-server version 2.12.0");
    // a Go that "builds" a k6: it takes the real arguments and writes to the -o that we gave
    const builtK6 = path.join(fake.bin, "built-k6");
    await mkdir(path.dirname(builtK6), { recursive: true });
    await writeFile(builtK6, "#!/bin/sh\necho 'k6 v2.2.0 (go1.26, linux/amd64)'\n");
    await chmod(builtK6, 0o755);
    await fake.program(
      "go",
      `[ "$1" = env ] && { echo go1.26.0; exit; }; while [ "$1" != -o ]; do shift; done; /bin/cp ${builtK6} "$2"`,
    );
    const told: string[] = [];
    const tools = await findTools({
      fix: true,
      machine: fake.machine,
      progress: (event) => told.push(`${event.kind} ${event.doing}`),
    });
    expect(tools.k6.from).toBe("cache");
    expect(tools.k6.path.startsWith(fake.machine.cacheDir)).toBe(true);
    expect(told).toEqual([
      "started building k6 2.2.0 (once, 1–4 minutes)",
      "done building k6 2.2.0 (once, 1–4 minutes)",
    ]);
    expect((await findTools({ machine: fake.machine })).k6).toEqual(tools.k6);
  });
});
