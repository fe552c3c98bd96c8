import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { choosePorts } from "../target/ports.ts";
import { eventually } from "./cli-process.ts";
import { docker, dockerSays, npmRegistry, root } from "./docker-command.ts";

const IMAGE = "seaworthy/target-server:test";
const LABEL = `seaworthy.test=image-${process.pid}`;
/** The drain of 1 s and the reserve that the server gives itself (STOP_RESERVE_MS in target-server/main.ts). */
const STOPS_WITHIN_SECONDS = 12;

describe.skipIf(inject("noContainers") !== undefined)("the target server's image", () => {
  beforeAll(async () => {
    const file = ["--file", "target-server/Dockerfile", "--target", "from-registry"];
    const registry = ["--build-arg", `NPM_REGISTRY=${await npmRegistry()}`];
    await dockerSays("build", "--quiet", ...file, ...registry, "--tag", IMAGE, root);
  });
  afterAll(async () => {
    const left = await dockerSays("ps", "--all", "--quiet", "--filter", `label=${LABEL}`);
    if (left) await docker("rm", "--force", "--volumes", ...left.split("\n"));
  });

  const inside = (...command: string[]) =>
    dockerSays("run", "--rm", "--label", LABEL, "--network", "none", IMAGE, ...command);

  test("A134, F27: runs as somebody who is not root and can write none of it", async () => {
    expect(await dockerSays("image", "inspect", "--format", "{{.Config.User}}", IMAGE)).toBe("1000:1000");
    expect(await inside("id", "-u")).toBe("1000");
    expect(await inside("find", "/srv/seaworthy", "-writable", "-not", "-type", "l")).toBe("");
  });

  test("holds the server's own files and nothing else of the project", async () => {
    const there = (await inside("find", "target-server", "package.json", "-type", "f")).split("\n");
    const ours = globSync("target-server/**/*.ts", { cwd: root }).filter(
      (file) => !file.endsWith(".test.ts"),
    );
    expect(there.sort()).toEqual([...ours, "package.json"].sort());
    expect((await inside("ls", "-A")).split("\n").sort()).toEqual(
      ["compile-cache", "node_modules", "package.json", "target-server"].sort(),
    );
  });

  test("holds the packages of the lock file that the server needs, and no others", async () => {
    const lock = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
    const script = `const { packages } = JSON.parse(require("fs").readFileSync("node_modules/.package-lock.json"));
      console.log(JSON.stringify(Object.entries(packages).map(([place, { version }]) => [place, version])))`;
    const there = JSON.parse(await inside("node", "-e", script)) as [string, string][];
    for (const [place, version] of there) expect([place, version]).toEqual([place, lock[place].version]);
    const names = there.map(([place]) => place.replace("node_modules/", ""));
    expect(names).toEqual(expect.arrayContaining(["ioredis", "jose", "pg", "prom-client", "ws"]));
    for (const foreign of ["commander", "zod", "testcontainers", "typescript", "vitest"])
      expect(names).not.toContain(foreign);
  });

  test("is small: 20 MB above the image of Node", async () => {
    const sizeOf = async (image: string) =>
      Number(await dockerSays("image", "inspect", "--format", "{{.Size}}", image));
    expect((await sizeOf(IMAGE)) - (await sizeOf("node:24-slim"))).toBeLessThan(20_000_000);
  });

  test("A123: on SIGTERM it ends by itself, with 0, within its grace", async () => {
    const { web } = await choosePorts(["web"]);
    const settings = ["JWT_SECRET=0123456789abcdef0123456789abcdef", "DRAIN_MS=1000"].flatMap((each) => [
      "--env",
      each,
    ]);
    const port = ["--publish", `127.0.0.1:${web}:8080`];
    const id = await dockerSays("run", "--detach", "--label", LABEL, ...port, ...settings, IMAGE);
    const isLive = () =>
      fetch(`http://127.0.0.1:${web}/health/live`, { signal: AbortSignal.timeout(1_000) })
        .then(({ status }) => status === 200)
        .catch(() => false);
    expect(await eventually(isLive, Boolean, 30_000)).toBe(true);
    await dockerSays("stop", "--time", String(STOPS_WITHIN_SECONDS), id);
    expect(await dockerSays("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", id)).toBe(
      "exited 0",
    );
  });
});
