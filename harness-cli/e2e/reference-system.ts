import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { SignJWT } from "jose";
import type { Balancer } from "../../reports/record/balancer.ts";
import type { Plan, RunAs } from "../../reports/record/plan.ts";
import { findTools } from "../provision/tools.ts";
import { neededBalancer, unneededTools } from "../run-as.ts";
import { bringUpContainers } from "../target/containers/containers.ts";
import { type BringUpOptions, bringUpProcesses } from "../target/processes.ts";
import { createSupervisor } from "../target/supervisor.ts";
import type { RunningTarget } from "../target/target.ts";

/** Real instances with their stores, every link through its proxy, for tests of the server itself. */
export interface ReferenceSystem extends AsyncDisposable {
  readonly target: RunningTarget;
  readonly origin: string;
  /** The key of its tokens. */
  readonly secret: string;
  /** What the processes wrote, by name. */
  readonly logs: string;
  /** `ws://…/ws` of an instance, counted from 1; behind a balancer there is only 1. */
  endpoint(server: number): string;
  /** Its own HTTP port, past the proxy. */
  page(server: number, path: string): URL;
  /** Good for an hour. */
  token(user: string): Promise<string>;
  /** Value of a series without labels, or as written with them; 0 while there is none. */
  series(server: number, name: string): Promise<number>;
  /** The process is the one that was started first: it has not been restarted. */
  pid(server: number): number;
}

/** `timeScale` multiplies beats, limits and drain (I85). */
export async function bringUpReference(
  instances: number,
  timeScale: number,
  settings: Readonly<Record<string, string>> = {},
  more: Partial<Pick<BringUpOptions, "framesEverywhere" | "onEvent">> & {
    readonly balancer?: Balancer;
    readonly runAs?: RunAs;
  } = {},
): Promise<ReferenceSystem> {
  const plan: Plan = {
    format: 1,
    seed: 1,
    nonce: "refsys",
    timeScale,
    scenario: { name: "none", params: {} },
    engine: "k6",
    timing: { warmUpMs: 0, publishUntilMs: 1, endMs: 1 },
    clients: 0,
    roles: [],
    target: {
      kind: "reference",
      instances,
      defects: [],
      runAs: more.runAs ?? "processes",
      ...(more.balancer ? { balancer: more.balancer } : {}),
    },
    timeline: [],
    clientDefects: [],
    checks: [],
  };
  const runDir = await mkdtemp(path.join(tmpdir(), "seaworthy-reference-system-"));
  const supervisor = await createSupervisor({ runDir });
  const target = await (more.runAs === "containers" ? bringUpContainers : bringUpProcesses)({
    plan,
    tools: await findTools({ balancer: neededBalancer(plan.target), unneeded: unneededTools(plan.target) }),
    runDir,
    supervisor,
    settings,
    signal: AbortSignal.timeout(90_000),
    onEvent: () => {},
    ...more,
  });
  if (target.access.kind !== "jwt") throw new Error("the reference server takes tokens");
  const { secret, origin } = target.access;
  const page = (server: number, where: string) => new URL(where, target.servers[server - 1]!.metricsUrl);

  return {
    target,
    origin,
    secret,
    logs: path.join(runDir, "logs"),
    page,
    endpoint: (server) => target.endpoints[server - 1]!,
    token: (user) =>
      new SignJWT({})
        .setProtectedHeader({ alg: "HS256" })
        .setSubject(user)
        .setExpirationTime("1h")
        .sign(new TextEncoder().encode(secret)),
    series: async (server, name) => {
      const text = await (await fetch(page(server, "/metrics"))).text();
      const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
      return line === undefined ? 0 : Number(line.slice(name.length + 1));
    },
    pid: (server) => target.pids()[`server-${server}`] ?? 0,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      await supervisor[Symbol.asyncDispose]();
      await rm(runDir, { recursive: true, force: true });
    },
  };
}
