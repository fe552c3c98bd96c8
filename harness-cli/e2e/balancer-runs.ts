import path from "node:path";
import { expect } from "vitest";
import type { Plan } from "../../reports/record/plan.ts";
import type { Flush, Telemetry } from "../../scenarios/model/telemetry.ts";
import { jsonOf, linesOf, onlyRun, sandbox } from "./cli-process.ts";

interface VerdictFile {
  readonly overall: string;
  readonly ended: { readonly how: string };
  readonly checks: readonly {
    readonly name: string;
    readonly phase: string;
    readonly status: string;
    readonly why?: string;
  }[];
}

export interface Ran {
  readonly exit: number | string;
  readonly out: string;
  readonly verdict: VerdictFile;
  readonly plan: Plan;
  readonly connections: Flush["connections"];
}

/** A whole run by the command line, read back. */
export async function run(...argv: string[]): Promise<Ran> {
  await using box = await sandbox();
  const { exit, out, err } = await box.run("run", ...argv);
  expect(err).not.toContain("SW_");
  const dir = await onlyRun(box.runs);
  const ledger = await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"));
  return {
    exit,
    out,
    verdict: await jsonOf<VerdictFile>(path.join(dir, "verdict.json")),
    plan: await jsonOf<Plan>(path.join(dir, "plan.json")),
    connections: ledger.flatMap((line) => (line.type === "flush" ? line.connections : [])),
  };
}

/**
 * What a check found against the system. Where the generator was starved it may not say "breached"; it tells what it
 * would have said.
 */
export function foundBy(check: string, { verdict }: Ran): string {
  const own = verdict.checks.filter(({ name }) => name === check);
  expect(own, check).not.toEqual([]);
  const against = own.filter(
    ({ status, why = "" }) => status === "breached" || /would have been breached/.test(why),
  );
  return against.map(({ why }) => why).join("; ");
}

/**
 * What is red, but for the speed: three files of tests share the machine, and here the question is what a balancer does
 * to connections and messages.
 */
export const breached = ({ verdict }: Ran) =>
  verdict.checks
    .filter(({ name, status }) => status === "breached" && name !== "delivery-p99")
    .map(({ name }) => name);

export const C16 = ["idle-through-balancer", "--seed", "16"];
/** Role of a client by its number: 20 with beats, then 10 each of silent, client's beats, server's beats. */
const roleOf = (client: number) =>
  client < 20 ? "beating" : client < 30 ? "silent" : client < 40 ? "client-beats" : "server-beats";
/** Who lost a connection, by role, and after how much silence. */
export const lost = ({ connections }: Ran) =>
  connections.flatMap((each) =>
    each.what === "closed" && each.code !== 1000
      ? [{ role: roleOf(each.client), code: each.code, silentMs: each.silentMs }]
      : [],
  );
