import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FaultEvent } from "../../chaos/timeline.ts";
import type { HistoryEvent } from "../../reports/record/history.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { eventually, linesOf, onlyRun, type Sandbox, sandbox } from "./cli-process.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";
import { selfSigned } from "./self-signed.ts";

/** Somebody's own system: one instance behind a TLS terminator with a certificate that nobody knows. */
let system: ReferenceSystem;
let terminator: tls.Server;
let port: number;
let headers: string[];
const asked: { readonly sni: unknown; readonly host: string | undefined }[] = [];
const certificate = selfSigned();

beforeAll(async () => {
  system = await bringUpReference(1, 1);
  const upstream = new URL(system.endpoint(1));
  terminator = tls.createServer(certificate, (client) => {
    const server = net.connect(Number(upstream.port), upstream.hostname);
    client.once("data", (first) =>
      asked.push({ sni: client.servername, host: /^host: (.*)\r$/im.exec(String(first))?.[1] }),
    );
    client.on("error", () => server.destroy()).on("close", () => server.destroy());
    server.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.pipe(server).pipe(client);
  });
  terminator.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => terminator.listen(0, "127.0.0.1", resolve));
  port = (terminator.address() as AddressInfo).port;
  headers = ["--connect-header", `Authorization: Bearer ${await system.token("somebody")}`];
});
afterAll(async () => {
  terminator?.close();
  await system?.[Symbol.asyncDispose]();
});

/** Fewer than the sessions that one user may have. */
const SMALL = [
  "-p",
  "clients=4",
  "-p",
  "roomSize=4",
  "-p",
  "rampMs=1s",
  "-p",
  "publishEveryMs=500",
  "-p",
  "reconnect=fixed",
];

async function runOn(box: Sandbox, ...more: string[]): Promise<string[]> {
  const caFile = path.join(box.folder, "ca.pem");
  await writeFile(caFile, certificate.cert);
  return [
    ...["run", "ramp", ...SMALL, "--url", `wss://localhost:${port}/ws`, "--ca-file", caFile],
    ...["--origin", system.origin, ...headers, ...more],
  ];
}

const commands = (file: string) => [
  ...["--fault-command", `flag.inject=touch ${file}`],
  ...["--fault-command", `flag.observe=test -f ${file}`],
  ...["--fault-command", `flag.undo=rm -f ${file}`],
];

const stepsOf = (history: readonly HistoryEvent[], fault: string): string[] =>
  history
    .filter((event): event is FaultEvent => event.kind === "fault" && event.fault === fault)
    .map(({ step }) => step);

const WHOLE = ["injecting", "injected", "observed", "healing", "healed"];

test("E6, E12: wss:// is cut through a proxy with SNI, Host and certificate as they are, and a user's own command breaks and mends", {
  tags: "timed",
}, async () => {
  await using box = await sandbox();
  const flag = path.join(box.folder, "broken");
  const run = await box.run(
    ...(await runOn(box, "-p", "holdMs=14s", ...commands(flag))),
    ...[
      "--fault",
      "cut@when(ledger.sent>8)+2s:server-1/clients",
      "--fault",
      "command@8s..11s:flag,drops=false",
    ],
  );
  const dir = await onlyRun(box.runs);
  expect([0, 1, 3], run.out + run.err).toContain(run.exit);
  const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
  expect(stepsOf(history, "cut")).toEqual(["due", ...WHOLE]);
  expect(stepsOf(history, "command")).toEqual(WHOLE);
  expect(existsSync(flag)).toBe(false);

  const ledger = await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"));
  const flushes = ledger.filter((line) => line.type === "flush");
  const connections = flushes.flatMap((flush) => flush.connections);
  expect(
    connections.filter((event) => event.what === "closed" && event.by !== "self").length,
  ).toBeGreaterThanOrEqual(4);
  const back = connections.filter((event) => event.what === "connected" && event.attempt > 0);
  expect(new Set(back.map(({ client }) => client)).size).toBe(4);
  // The clients themselves, the first look at the address, and every look through the link.
  const clients = asked.filter(({ host }) => host === `localhost:${port}`);
  expect(clients.length).toBeGreaterThanOrEqual(8);
  expect(new Set(asked.map(({ sni }) => sni))).toEqual(new Set(["localhost"]));
  expect(run.out.replace(/\s+/g, " ")).toMatch(
    /cut server-1\/clients: injected at [^;]*; healed at [^;]*; ended 4 of its \d+ connections/,
  );
});

test("rule 7: kill -9 of the harness: the watchdog runs the user's own undo, and says so", async () => {
  await using box = await sandbox();
  const flag = path.join(box.folder, "broken");
  const run = box.start(
    ...(await runOn(box, "-p", "holdMs=60s", ...commands(flag))),
    ...["--fault", "command@2s..50s:flag,drops=false"],
  );
  expect(
    await eventually(
      async () => existsSync(flag),
      (isThere) => isThere || run.child.exitCode !== null,
      60_000,
    ),
    run.err(),
  ).toBe(true);
  run.child.kill("SIGKILL");
  await run.ended;
  expect(
    await eventually(
      async () => existsSync(flag),
      (isThere) => !isThere,
      30_000,
    ),
  ).toBe(false);
  const log = path.join(await onlyRun(box.runs), "logs", "watchdog.log");
  const said = await eventually(
    () => readFile(log, "utf8"),
    (text) => text.includes(" done"),
    30_000,
  );
  expect(said).toMatch(/undo by command: rm -f .*broken: exit 0/);
});

test("rule 7: a fault that stays fails the run, exit 4, also when it was interrupted; the undo log keeps it", async () => {
  await using box = await sandbox();
  const flag = path.join(box.folder, "broken");
  const run = box.start(
    ...(await runOn(box, "-p", "holdMs=60s", ...commands(flag))),
    ...["--fault-command", "flag.healed=false", "--fault", "command@2s..50s:flag,drops=false"],
  );
  await eventually(
    async () => existsSync(flag),
    (isThere) => isThere || run.child.exitCode !== null,
    60_000,
  );
  run.child.kill("SIGINT");
  expect(await run.ended, run.err()).toBe(4);
  expect(run.out().replace(/\s+/g, " ")).toMatch(/SW_FAULT_NOT_HEALED: not healed: command on flag/);
  const dir = await onlyRun(box.runs);
  expect(await readdir(path.join(dir, "undo"))).toEqual(["0.json"]);
  const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
  expect(stepsOf(history, "command").at(-1)).toBe("not-healed");
});

test("a certificate that nobody vouches for is refused, not overlooked", async () => {
  await using box = await sandbox();
  const { exit, out } = await box.run("run", "ramp", ...SMALL, "--url", `wss://localhost:${port}/ws`);
  expect([exit, out.replace(/\s+/g, " ")]).toEqual([
    4,
    expect.stringMatching(/SW_START_FAILED.*self-signed certificate/),
  ]);
});

test("what TLS makes impossible is said before anything is sent", async () => {
  await using box = await sandbox();
  const at = asked.length;
  const byNumber = await box.run(
    ...[
      "run",
      "ramp",
      ...SMALL,
      "--url",
      `wss://127.0.0.1:${port}/ws`,
      "--fault",
      "cut@4s..6s:server-1/clients",
    ],
  );
  expect([byNumber.exit, byNumber.err]).toEqual([2, expect.stringContaining("SW_BAD_FAULT_WINDOW")]);
  const frames = await box.run(...(await runOn(box, "--fault", "frame-drop@4s..6s:server-1/clients")));
  expect([frames.exit, frames.err]).toEqual([2, expect.stringContaining("they are encrypted")]);
  expect(asked.length).toBe(at);
  expect(existsSync(box.runs)).toBe(false);
});
