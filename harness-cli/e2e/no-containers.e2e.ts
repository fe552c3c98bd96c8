import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { sandbox } from "./cli-process.ts";

/** In a mount namespace of its own, in which no daemon's socket is where one is looked for. */
const WITHOUT_DAEMON = [
  "unshare",
  ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
  "--mount",
  "sh",
  "-c",
  'mount -t tmpfs tmpfs /run && unset DOCKER_HOST && exec "$0" "$@"',
];

test("no daemon: SW_NO_CONTAINERS, exit 4, said before anything is made", async () => {
  await using box = await sandbox(WITHOUT_DAEMON);
  for (const command of [["run", "ramp"], ["demo"], ["prove", "abrupt-close-1006", "--healthy", "0"]]) {
    const { exit, err } = await box.run(...command, "--run-as", "containers");
    expect([exit, err.match(/^SW_\w+: .*/gm)]).toEqual([
      4,
      ["SW_NO_CONTAINERS: no container daemon answers here"],
    ]);
    expect(err).toContain("--run-as processes");
    expect(existsSync(box.runs)).toBe(false);
  }
  const up = await box.run("up", "--run-as", "containers");
  expect([up.exit, up.err.match(/^SW_\w+/gm)]).toEqual([4, ["SW_NO_CONTAINERS"]]);
});

test("DOCKER_HOST is where it is looked for, and nowhere else", async () => {
  const nowhere = "unix:///nonexistent/docker.sock";
  await using box = await sandbox(["env", `DOCKER_HOST=${nowhere}`]);
  const { exit, err } = await box.run("run", "ramp", "--run-as", "containers");
  expect([exit, err.match(/^SW_\w+: .*/gm)]).toEqual([
    4,
    [`SW_NO_CONTAINERS: nothing answers at DOCKER_HOST=${nowhere}`],
  ]);
});

test("what containers cannot do is refused at once: exit 2, each mistake with its way out", async () => {
  await using box = await sandbox();
  const faults = ["cpu-starve@9s..12s:server-1", "fd-limit@9s..12s:server-1"];
  const { exit, err } = await box.run(
    ...["run", "ramp", "--run-as", "containers"],
    ...faults.flatMap((fault) => ["--fault", fault]),
  );
  expect(exit).toBe(2);
  for (const fault of ["cpu-starve", "fd-limit"])
    expect(err).toContain(
      `fault ${fault} works on a system that runs as processes, and this one runs as containers`,
    );
  const outside = await box.run("run", "ramp", "--fault", "network-disconnect@9s..12s:server-1");
  expect(outside.exit).toBe(2);
  expect(outside.err).toContain("works on a system that runs as containers, and this one runs as processes");
  const unknown = await box.run("run", "ramp", "--run-as", "ships");
  expect(unknown.exit).toBe(2);
  expect(existsSync(path.join(box.runs, "latest"))).toBe(false);
});
