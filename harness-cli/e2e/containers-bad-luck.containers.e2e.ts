import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, inject, test } from "vitest";
import type { HistoryEvent } from "../../reports/record/history.ts";
import { containerSpawner } from "../target/containers/container-child.ts";
import { meetDaemon } from "../target/containers/daemon.ts";
import { createFleet } from "../target/containers/fleet.ts";
import { fetchImages, images } from "../target/containers/images.ts";
import { choosePorts } from "../target/ports.ts";
import { createSupervisor } from "../target/supervisor.ts";
import { type CliProcess, eventually, jsonOf, linesOf, onlyRun, sandbox } from "./cli-process.ts";
import { docker, dockerSays, leftWith } from "./docker-command.ts";

const LONG = [
  ...["run", "ramp", "--run-as", "containers", "--instances", "1"],
  ...["-p", "clients=12", "-p", "roomSize=4", "-p", "rampMs=0", "-p", "holdMs=100s"],
];
/** All of it must be over this long after a kill -9. */
const GONE_WITHIN_MS = 15_000;

const underLoad = (run: CliProcess) => run.printed(/\b[1-9]\d* delivered\/s/);
const ownedBy = (run: CliProcess) => `seaworthy.pid=${run.child.pid}`;

async function nothingLeft(run: CliProcess, withinMs: number): Promise<void> {
  const left = await eventually(
    async () => ({
      containers: await leftWith(ownedBy(run)),
      processes: await run.marked(),
      files: await run.temporary(),
    }),
    ({ containers, processes, files }) => containers.length + processes.length + files.length === 0,
    withinMs,
  );
  expect(left).toEqual({ containers: [], processes: [], files: [] });
}

describe.skipIf(inject("noContainers") !== undefined)("bad luck with containers", () => {
  test("kill -9 in the middle: within 15 s nothing is left, and another run does not notice", async () => {
    await using box = await sandbox();
    await using otherBox = await sandbox();
    const other = otherBox.start("up", "--run-as", "containers", "--instances", "1", "--json");
    await other.printed(/up; Ctrl-C/);
    const others = await leftWith(ownedBy(other));
    expect(others.length).toBeGreaterThan(4);

    const run = box.start(...LONG, "--fault", "freeze@1s..90s:server-1");
    await run.printed(/s {2}freeze server-1/);
    expect((await leftWith(ownedBy(run))).length).toBeGreaterThan(4);
    run.child.kill("SIGKILL");
    expect(await run.ended).toBe("SIGKILL");
    await nothingLeft(run, GONE_WITHIN_MS);

    expect(await leftWith(ownedBy(other))).toEqual(others);
    const [metrics] = (JSON.parse(other.out()) as { metrics: { metricsUrl: string }[] }).metrics;
    expect((await fetch(metrics?.metricsUrl as string)).status).toBe(200);
    other.child.kill("SIGINT");
    expect(await other.ended).toBe(0);
    await nothingLeft(other, 0);
  });

  test("Ctrl-C in the bring-up: exit 130, nothing is left", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG);
    await run.printed(/bringing the target up/);
    const some = await eventually(
      () => leftWith(ownedBy(run)),
      (left) => left.length > 1,
      60_000,
    );
    expect(some.length).toBeGreaterThan(1);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    await nothingLeft(run, 0);
  });

  test("Ctrl-C twice under load: exit 130 at once, and the watchdog removes everything", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG);
    await underLoad(run);
    run.child.kill("SIGINT");
    await run.printed(/SIGINT: ending the run/);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(130);
    await nothingLeft(run, GONE_WITHIN_MS);
  });

  test("a container that dies without being asked to: SW_TARGET_FAILED, exit 4, nothing is left", async () => {
    await using box = await sandbox();
    const run = box.start(...LONG);
    await underLoad(run);
    const redis = await dockerSays(
      "ps",
      "--quiet",
      "--filter",
      `label=${ownedBy(run)}`,
      "--filter",
      "name=redis",
    );
    await dockerSays("kill", redis);
    expect(await run.ended).toBe(4);
    expect(run.out()).toContain("SW_TARGET_FAILED");
    expect(run.out()).toContain("redis died without being asked to (SIGKILL)");
    await nothingLeft(run, 0);
  });

  test("the daemon goes away in the middle: said and judged, exit 4; the next run clears up behind it", async () => {
    await using daemon = await daemonBehindSocket();
    await using box = await sandbox(["env", `DOCKER_HOST=unix://${daemon.socket}`]);
    const run = box.start(...LONG);
    await underLoad(run);
    await daemon.goAway();
    expect(await run.ended).toBe(4);
    expect(run.out()).toContain("SW_TARGET_FAILED");
    expect(run.out().replaceAll(/\s+/g, " ")).toContain("the container daemon went away; the next run");
    const dir = await onlyRun(box.runs);
    const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
    expect(history.at(-1)).toMatchObject({ kind: "run", what: "ended", ended: { how: "failed" } });
    await jsonOf(path.join(dir, "verdict.json"));
    expect((await leftWith(ownedBy(run))).length).toBeGreaterThan(0);

    await using after = await sandbox();
    const next = after.start("up", "--run-as", "containers", "--instances", "1");
    await next.printed(/up; Ctrl-C/);
    expect(await leftWith(ownedBy(run))).toEqual([]);
    next.child.kill("SIGINT");
    expect(await next.ended).toBe(0);
    await nothingLeft(next, 0);
  });

  test("an image that is nowhere: SW_IMAGE_MISSING with its name", async () => {
    const { docker: api } = await meetDaemon(process.env);
    await expect(fetchImages(api, [images.redis, "seaworthy.invalid/nowhere:1"])).rejects.toMatchObject({
      code: "SW_IMAGE_MISSING",
      message: expect.stringContaining("seaworthy.invalid/nowhere:1"),
    });
  });

  describe("a port", () => {
    let holder: net.Server | undefined;
    afterEach(() => holder?.close());

    test("that somebody else was quicker to take is known as such, so that others are tried", async () => {
      const { port } = await choosePorts(["port"]);
      holder = net.createServer().listen(port, "127.0.0.1");
      const runDir = await mkdtemp(path.join(tmpdir(), "seaworthy-run-"));
      await using supervisor = await createSupervisor();
      {
        await using fleet = await createFleet(await meetDaemon(process.env), supervisor);
        const { spawn } = containerSpawner(fleet, {
          name: "redis",
          image: images.redis,
          ports: { 6379: port },
          memoryBytes: 2 ** 28,
          cpus: 1,
        });
        const spec = {
          name: "redis",
          command: images.redis,
          args: [],
          logFile: path.join(runDir, "redis.log"),
        };
        await expect(spawn(spec)).rejects.toMatchObject({
          code: "SW_START_FAILED",
          lastLines: [expect.stringMatching(/address already in use|port is already allocated/)],
        });
      }
      await rm(runDir, { recursive: true });
    });
  });
});

/** The daemon of this machine behind a socket of our own, so that it can go away for one run and for nobody else. */
async function daemonBehindSocket() {
  const folder = await mkdtemp(path.join(tmpdir(), "seaworthy-docker-"));
  const socket = path.join(folder, "docker.sock");
  const { out } = await docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}");
  const upstream = (process.env.DOCKER_HOST ?? out.trim()).replace("unix://", "");
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const behind = net.connect({ path: upstream, allowHalfOpen: true });
    for (const each of [client, behind]) {
      open.add(each);
      each.on("error", () => {}).on("close", () => open.delete(each));
    }
    client.pipe(behind).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const goAway = async () => {
    server.close();
    for (const each of open) each.destroy();
  };
  return {
    socket,
    goAway,
    async [Symbol.asyncDispose]() {
      await goAway();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
