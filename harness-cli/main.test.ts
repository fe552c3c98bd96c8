import { existsSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";
import { errorTable } from "./errors.ts";
import { main } from "./main.ts";
import { plan as planOf, type Request } from "./plan.ts";
import { cli, testWorld } from "./test-world.ts";

const asked: Request = {
  scenario: "ramp",
  params: [],
  faults: [],
  defects: [],
  checks: [],
  limits: [],
  seed: 1,
  engine: "k6",
  target: { kind: "reference", instances: 1 },
  cwd: ".",
};

const nowhere = () => path.join(tmpdir(), "seaworthy-never-written");

async function refused(...argv: string[]): Promise<string> {
  const { exit, out, err } = await cli("run", ...argv, "--out", nowhere());
  expect([exit, out]).toEqual([2, ""]);
  expect(existsSync(nowhere()), "nothing may be started or written").toBe(false);
  return err;
}

describe("bad input is refused before anything starts, with a code and a hint", () => {
  test("an unknown scenario, with the nearest name", async () => {
    expect(await refused("ramp-up")).toBe(
      'SW_UNKNOWN_NAME: unknown scenario "ramp-up"\n  Hint: did you mean "ramp"?\n',
    );
  });

  test("no scenario at all", async () => {
    expect(await refused()).toContain("SW_USAGE: which scenario?");
  });

  test("every mistake of one command line at once", async () => {
    const err = await refused(
      "ramp",
      ...["-p", "clientz=5", "-p", "clients=many", "-p", "roomSize=-1", "-p", "reconnect=full-jiter"],
      ...[
        "--fault",
        "latncy@10s..12s:server-1/clients",
        "--fault",
        "kill@10s:server-1",
        "--fault",
        "kill@10s..12s:server-9",
      ],
      ...[
        "--fault",
        "kill@12s..10s:server-1",
        "--fault",
        "kill@10s..90m:server-1",
        "--fault",
        "latency@1s..2s:server-1/clients,latency=5",
      ],
      ...[
        "--defect",
        "abrupt-close",
        "--check",
        "delivery-p9",
        "--limit",
        "delivery-p99.base=5",
        "--time-scale",
        "0",
      ],
    );
    for (const part of [
      'scenario ramp has no parameter "clientz"\n  Hint: did you mean "clients"?',
      "scenario ramp: clients=many is not a number",
      "scenario ramp: roomSize=-1 is out of range",
      'scenario ramp: reconnect=full-jiter is not a choice\n  Hint: did you mean "full-jitter"?',
      'unknown fault "latncy"\n  Hint: did you mean "latency"?',
      'SW_BAD_FAULT_WINDOW: cannot read --fault "kill@10s:server-1"',
      'no process is called "server-9"',
      'the window of --fault "kill@12s..10s:server-1" is empty',
      'the window of --fault "kill@10s..90m:server-1" lies outside the run',
      'fault latency has no parameter "latency"\n  Hint: did you mean "latencyMs"?',
      'unknown defect "abrupt-close"\n  Hint: did you mean "abrupt-close-1006"?',
      'unknown check "delivery-p9"\n  Hint: did you mean "delivery-p99"?',
      'unknown phase "base"',
      "--time-scale 0 is out of range",
    ]) {
      expect(err).toContain(part);
    }
    expect(err.match(/^SW_/gm)).toHaveLength(14);
  });

  test("what every object has is no parameter of a scenario, nor of a fault", async () => {
    const fault = "latency@10s..12s:server-1/clients,toString=1";
    const err = await refused("ramp", "-p", "constructor=1", "-p", "__proto__=1", "--fault", fault);
    expect(err.match(/^SW_BAD_PARAMETER: .* has no parameter/gm)).toHaveLength(3);
  });

  test("numbers that no plan can repeat, and limits that nothing can keep", async () => {
    for (const seed of ["1e30", "1.5", "-1", ""]) {
      expect(await refused("ramp", "--seed", seed)).toContain(`SW_USAGE: "${seed}" is not a whole number`);
      for (const argv of [
        ["selftest", "stall"],
        ["chaos", "kill", "--target", "server-1"],
      ]) {
        const { exit, err } = await cli(...argv, "--seed", seed, "--out", nowhere());
        expect([exit, err]).toEqual([2, expect.stringContaining("is not a whole number")]);
      }
    }
    const err = await refused(
      "ramp",
      "--limit",
      "delivery-p99=-5",
      "--limit",
      "no-duplicate= ",
      "-p",
      "clients=2.5",
    );
    expect(err.match(/^SW_\w+: (cannot read --limit|.* is not a whole number)/gm)).toHaveLength(3);
  });

  test("two windows of the same fault on one target that overlap", async () => {
    const err = await refused(
      "ramp",
      "--fault",
      "kill@10s..14s:server-1",
      "--fault",
      "kill@12s..16s:server-1",
    );
    expect(err).toContain("SW_BAD_FAULT_WINDOW: two windows of kill on server-1 overlap");
  });

  test("mistakes beside an unknown scenario are told as well", async () => {
    const err = await refused("rmp", "--fault", "latncy@1s..2s:server-1/clients", "--defect", "nonsense");
    expect(err.match(/^SW_UNKNOWN_NAME/gm)).toHaveLength(3);
  });

  test("an unknown option, and an unknown command", async () => {
    expect(await refused("ramp", "--sed", "5")).toContain("SW_USAGE: unknown option '--sed'");
    const { exit, err } = await cli("rum");
    expect([exit, err]).toEqual([2, expect.stringContaining("SW_USAGE: unknown command 'rum'")]);
  });

  test("a defect of the reference server cannot be switched on in somebody else's system", async () => {
    const err = await refused("ramp", "--url", "ws://127.0.0.1:1/ws", "--defect", "abrupt-close-1006");
    expect(err).toContain("SW_USAGE: defect abrupt-close-1006 is a switch of the reference server");
  });

  test("an option that says nothing about the system at hand", async () => {
    const own = [
      ...["--connect-header", "a: b", "--origin", "http://a", "--metrics-url", "http://127.0.0.1:1/"],
      ...["--allow-host", "a", "--ca-file", "a.pem", "--max-connections", "5", "--max-rate", "5"],
    ];
    expect(await refused("ramp", ...own)).toContain(
      "SW_USAGE: --connect-header, --origin, --metrics-url, --allow-host, --ca-file, --max-connections, --max-rate:",
    );
    const url = ["--url", "ws://127.0.0.1:1/ws"];
    const err = await refused(
      "ramp",
      ...url,
      "--instances",
      "2",
      "--run-as",
      "processes",
      "--balancer",
      "nginx",
    );
    expect(err).toContain("SW_USAGE: --instances, --balancer, --run-as: only for the reference system");
  });

  test.each(["--plan", "--out", "--origin", "--ca-file"])("%s with nothing in it", async (option) => {
    const { exit, err } = await cli("run", "ramp", "--url", "ws://127.0.0.1:1/ws", option, "");
    expect([exit, err]).toEqual([2, expect.stringContaining(`SW_USAGE: ${option} is empty`)]);
  });

  test("a scenario whose own fault somebody else's system has no place for", async () => {
    const err = await refused("reconnect-storm", "--url", "ws://127.0.0.1:1/ws");
    expect(err).toMatch(
      /^SW_USAGE: reconnect-storm brings faults of its own .* kill@12000ms\.\.14000ms:server-any\n {2}Hint: .*--fault/,
    );
    expect(err.match(/^SW_/gm)).toHaveLength(1);
  });

  test("an address that is no WebSocket", async () => {
    expect(await refused("ramp", "--url", "http://127.0.0.1:1/ws")).toContain(
      "SW_USAGE: --url http://127.0.0.1:1/ws",
    );
  });

  test.each(["foo", "", "ftp://127.0.0.1/metrics", "ws://127.0.0.1:1/metrics"])(
    "a metrics address that is none: %s",
    async (address) => {
      expect(await refused("ramp", "--url", "ws://127.0.0.1:1/ws", "--metrics-url", address)).toContain(
        `SW_USAGE: --metrics-url ${address} is not an HTTP address`,
      );
    },
  );

  test("a secret that the environment does not have, an authority that cannot be read", async () => {
    const url = ["--url", "wss://localhost:1/ws"];
    expect(await refused("ramp", ...url, "--connect-header", "login: env:SEAWORTHY_UNSET")).toContain(
      "SW_USAGE: header login wants SEAWORTHY_UNSET, which is not set",
    );
    for (const file of [nowhere(), import.meta.filename]) {
      expect(await refused("ramp", ...url, "--ca-file", file)).toContain("SW_USAGE: cannot read --ca-file");
    }
  });

  test("a file of one's own that is of another kind", async () => {
    const [scenario, fault] = ["scenarios/ramp.ts", "chaos/faults/kill.ts"].map((file) => path.resolve(file));
    expect(await refused(`${fault}`)).toMatch(/^SW_UNKNOWN_NAME: .*kill\.ts is no scenario: .*\n {2}Hint: /);
    const err = await refused("ramp", "--fault", `${scenario}@8s..9s:server-1`, "--check", `${fault}`);
    expect(err).toMatch(/ramp\.ts is no fault: on: /);
    expect(err).toMatch(/kill\.ts is no check: unit: /);
  });

  test("a record that is not there", async () => {
    const { exit, err } = await cli("judge", nowhere());
    expect([exit, err]).toEqual([2, expect.stringContaining("SW_NO_RECORD")]);
  });
});

describe("up", () => {
  test("below a file: SW_NOT_WRITABLE", async () => {
    const { exit, err } = await cli("up", "--out", import.meta.filename);
    expect([exit, err]).toEqual([4, expect.stringMatching(/^SW_NOT_WRITABLE: /)]);
  });

  test("a mistake of clients is refused: there are none", async () => {
    const { exit, err } = await cli("up", "--defect", "reconnect-fixed-delay", "--out", nowhere());
    expect([exit, err]).toEqual([2, expect.stringMatching(/^SW_USAGE: defect reconnect-fixed-delay /)]);
    expect(existsSync(nowhere())).toBe(false);
  });

  test("--detach shows the last lines of what did not come up", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "seaworthy-up-"));
    const entry = path.join(folder, "entry.mjs");
    await writeFile(entry, 'console.error("first\\n".repeat(9) + "SW_PORT_TAKEN: taken"); process.exit(4);');
    const world = { ...testWorld(["up", "--detach", "--out", folder]), entry };
    expect(await main(world)).toBe(4);
    expect(world.err()).toMatch(
      /^SW_START_FAILED: [^\n]*:\n( {2}first\n){4} {2}SW_PORT_TAKEN: taken\n {2}Hint: /,
    );
  });

  test("--detach ends what comes up too late", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "seaworthy-up-"));
    const entry = path.join(folder, "entry.mjs");
    await writeFile(entry, "console.log(process.pid); setInterval(() => {}, 1_000);");
    const log = path.join(folder, "up", "up.log");
    const began = () => existsSync(log) && statSync(log).size > 0;
    const world = {
      ...testWorld(["up", "--detach", "--out", folder]),
      entry,
      now: () => (began() ? 3_600_000 : 0),
    };
    expect(await main(world)).toBe(4);
    const pid = Number(await readFile(log, "utf8"));
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});

describe("judge, of a folder that is damaged", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "seaworthy-record-"));
  const plan = path.join(folder, "plan.json");

  test.each(["", "null", "[]", '{"format":1}', '{"format":1,"scenario":{}}'])(
    "plan.json: %s",
    async (text) => {
      await writeFile(plan, text);
      const { exit, err } = await cli("judge", folder);
      expect([exit, err]).toEqual([2, expect.stringMatching(/^SW_NO_RECORD: .*plan\.json/)]);
    },
  );

  test("a folder where a file of the record, or of a report, should be", async () => {
    const whole = await planOf(asked, await loadCatalog());
    await writeFile(plan, JSON.stringify(whole));
    await mkdir(path.join(folder, "report.html"));
    const unwritable = await cli("judge", folder);
    expect([unwritable.exit, unwritable.err]).toEqual([4, expect.stringMatching(/^SW_NOT_WRITABLE: /)]);
    await mkdir(path.join(folder, "history.jsonl"));
    const unreadable = await cli("judge", folder);
    expect([unreadable.exit, unreadable.err]).toEqual([2, expect.stringMatching(/^SW_NO_RECORD: EISDIR/)]);
  });
});

describe("a plan file", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "seaworthy-plan-"));
  const write = async (name: string, content: unknown) => {
    const file = path.join(folder, name);
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  };

  test("that is missing, no JSON, or of another format is refused", async () => {
    expect(await refused("--plan", path.join(folder, "none.json"))).toContain(
      "SW_BAD_PLAN: cannot read the plan",
    );
    expect(await refused("--plan", await write("torn.json", '{"format": 1'))).toContain("SW_BAD_PLAN");
    expect(await refused("--plan", await write("two.json", { format: 2 }))).toContain(
      "is not a plan of format 1: format",
    );
  });

  test("cannot be changed by options: a plan is complete", async () => {
    const file = await write("any.json", {});
    expect(await refused("--plan", file, "--seed", "5", "-p", "clients=3")).toContain(
      "--param, --seed cannot change it",
    );
  });

  test("leaves no file behind when refused", async () => {
    expect((await readdir(folder)).sort()).toEqual(["any.json", "torn.json", "two.json"]);
  });
});

describe("what people read first", () => {
  test("--help names every command and the exit codes", async () => {
    const { exit, out } = await cli("--help");
    expect(exit).toBe(0);
    for (const word of [
      "run",
      "judge",
      "list",
      "explain",
      "up",
      "down",
      "doctor",
      "prove",
      "130  interrupted",
    ]) {
      expect(out).toContain(word);
    }
  });

  test.each(["scenarios", "faults", "checks", "defects", "features", "targets", "errors"])(
    "list %s is never empty",
    async (kind) => {
      const { exit, out } = await cli("list", kind, "--json");
      expect(exit).toBe(0);
      expect(JSON.parse(out)[kind].length).toBeGreaterThan(0);
    },
  );

  test("E1, E49, E56, E68: list faults has a word on every row of section E", async () => {
    const { out } = await cli("list", "faults");
    for (const words of [
      /E1 +latency and jitter.*: .*latency/,
      /E49 .*LISTEN_BACKLOG/,
      /E56 .*netem/,
      /E68 .*bench/,
    ]) {
      expect(out).toMatch(words);
    }
    const { requirements } = JSON.parse((await cli("list", "faults", "--json")).out);
    expect(requirements).toHaveLength(68);
    const states = new Set(requirements.map((row: { state: string }) => row.state));
    expect(states).toEqual(new Set(["built", "elsewhere", "not built"]));
  });

  test("explain shows one entry in full, and the nearest name of an unknown one", async () => {
    const ramp = await cli("explain", "ramp");
    expect(ramp.out).toContain("ramp: scenario");
    expect(ramp.out).toContain("C2");
    expect((await cli("explain", "SW_DISK_FULL")).out).toContain(errorTable.SW_DISK_FULL.about);
    expect((await cli("explain", "ram")).err).toContain('did you mean "ramp"?');
  });
});
