import { describe, expect, test } from "vitest";
import { balancerPrograms, balances } from "../../../reports/record/balancer.ts";
import { containerSeat } from "../containers/container-seat.ts";
import { healthyBalancer, type InForce } from "./description.ts";
import { processSeat } from "./process-seat.ts";

// The configuration that each program is given in each backend. Nothing is started: a seat only names its places.
const nothingStarts = {} as never;
const port = { clients: 10_001, dead: 10_002, admin: 10_003, servers: [20_001, 20_002, 20_003] };

const serversAt = (host: string) =>
  Object.fromEntries(port.servers.map((each, i) => [`server-${i + 1}`, `${host}:${each}`]));

const seats = {
  processes: (kind: "nginx" | "haproxy") =>
    processSeat({
      kind,
      tool: nothingStarts,
      supervisor: nothingStarts,
      port: port.clients,
      deadPort: port.dead,
      servers: serversAt("127.0.0.1"),
      mirror: "127.0.0.1:10004",
      folder: "/tmp/data",
      logFile: "balancer.log",
    }),
  containers: (kind: "nginx" | "haproxy") =>
    containerSeat({
      kind,
      place: { fleet: nothingStarts, onEvent: () => {}, logFile: () => "balancer.log" },
      port: port.clients,
      adminPort: port.admin,
      servers: serversAt("toxiproxy"),
      mirror: "mirror:10004",
    }),
};

function textOf(
  backend: keyof typeof seats,
  kind: "nginx" | "haproxy",
  changes: Partial<InForce> = {},
  dead?: string,
): string {
  const { program, listen, mirror, servers, nowhere } = seats[backend](kind);
  return program.config({
    ...healthyBalancer(kind, "round-robin"),
    version: 3,
    listen,
    mirror,
    servers: Object.entries(servers).map(([name, address]) => ({
      name,
      address: name === dead ? nowhere : address,
      drained: name === "server-2",
    })),
    ...changes,
  });
}

/** Without what is a backend's own: where everything is, whom nginx runs as, how HAProxy is told something. */
function neutral(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => !/^user |^ {2}(stats socket|maxconn) /.test(line))
    .map((line) => line.replaceAll(/\b(?:0\.0\.0\.0:8080|127\.0\.0\.1:10001)\b/g, "CLIENTS"))
    .map((line) => line.replaceAll(/\b(?:127\.0\.0\.1:1|127\.0\.0\.1:10002)\b/g, "NOWHERE"))
    .map((line) => line.replaceAll(/(?<=")~:(?:1|10002)\$/g, "NOWHERE"))
    .map((line) => line.replaceAll(/\b(?:127\.0\.0\.1|toxiproxy|mirror):(?=\d{5})/g, "HOST:"))
    .filter((line) => line.trim() !== "");
}

describe.each(balancerPrograms)("%s in front of processes and of containers", (kind) => {
  test.each([
    ...balances.map((balance) => [`balance ${balance}`, { balance }] as const),
    ["an idle time-out of 2 s", { idleTimeoutMs: 2_000 }] as const,
    ["no Upgrade", { passesUpgrade: false }] as const,
    ["a limit of 7 connections", { connectionsMax: 7 }] as const,
    [
      "HTTP/1.0 behind it, buffers, no headers",
      { upstreamHttp: "1.0", buffers: true, forwardsHeaders: false },
    ] as const,
  ])("F1, F3, F6: one description, one text: %s", (_, changes) => {
    expect(neutral(textOf("containers", kind, changes))).toEqual(neutral(textOf("processes", kind, changes)));
  });

  test("E36: a server that is dead is looked for where nobody listens, and no other is tried", () => {
    const [there, here] = (["containers", "processes"] as const).map((backend) =>
      textOf(backend, kind, { failsOver: false }, "server-3"),
    );
    expect(neutral(there as string)).toEqual(neutral(here as string));
    expect(there).toMatch(kind === "nginx" ? /server 127\.0\.0\.1:1 / : /server server-3 127\.0\.0\.1:1 /);
    expect(there).not.toContain("toxiproxy:20003");
  });

  test("a container listens for its neighbours, a process on 127.0.0.1 only; both reach the servers by their links", () => {
    const listens = kind === "nginx" ? "listen" : "bind";
    const [there, here] = [textOf("containers", kind), textOf("processes", kind)];
    expect(there).toContain(`${listens} 0.0.0.0:8080`);
    expect(here).toContain(`${listens} 127.0.0.1:10001`);
    for (const each of port.servers) {
      expect(there).toContain(`toxiproxy:${each}`);
      expect(here).toContain(`127.0.0.1:${each}`);
    }
    expect(there).toContain("mirror:10004");
  });
});

test("F4: nginx passes on at once, unless it was told to collect", () => {
  expect(textOf("processes", "nginx")).toContain("proxy_buffering off;");
  expect(textOf("processes", "nginx", { buffers: true })).toContain("proxy_buffering on;");
});

test("A12: nginx knows who answered by the port alone, whatever address the name of the link has", () => {
  const patterns = [...textOf("containers", "nginx").matchAll(/"~(\S+)" "(server-\d)";/g)];
  const servedBy = (upstreamAddress: string) =>
    patterns.find(([, pattern]) => new RegExp(pattern as string).test(upstreamAddress))?.[2];
  expect(servedBy("172.18.0.4:20002")).toBe("server-2");
  // The first one was tried in vain.
  expect(servedBy("172.18.0.4:20001, 172.18.0.4:20003")).toBe("server-3");
  expect(servedBy("172.18.0.9:10004")).toBeUndefined();
});

test("HAProxy takes commands by a file of ours, in a container by a port; there it is told how much to prepare for", () => {
  const [there, here] = [textOf("containers", "haproxy"), textOf("processes", "haproxy")];
  expect(here).toContain("stats socket /tmp/data/balancer/haproxy.sock mode 600 level admin");
  expect(here).not.toContain("maxconn");
  expect(there).toContain("stats socket ipv4@0.0.0.0:8081 level admin");
  // Docker may allow a billion files, and HAProxy makes room for as many as it is allowed.
  expect(there).toContain("maxconn 8192");
});

test("nginx in a container runs as whom its image has, with its files in a folder that is there", () => {
  expect(textOf("containers", "nginx")).not.toMatch(/^user /m);
  const { args, checkArgs, configFile } = seats.containers("nginx").program;
  expect(args).toEqual(["-p", "/balancer/", "-c", "nginx.conf", "-e", "stderr"]);
  expect(checkArgs).toEqual([...args, "-t"]);
  expect(configFile).toBe("/balancer/nginx.conf");
});
