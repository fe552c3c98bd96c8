import { readdir } from "node:fs/promises";
import type { Check } from "../../../reports/check.ts";
import { judge } from "../../../reports/judge.ts";
import { readRecord } from "../../../reports/record/reader.ts";

/** `node judge-record.ts <run folder>`: reads and judges it by every check, alone in a process, so that the peak is its own. */
export interface JudgedRecord {
  readonly readMs: number;
  readonly judgeMs: number;
  /** Of both, all threads. Far below the time where the machine is not ours alone. */
  readonly cpuMs: number;
  readonly peakRssBytes: number;
  /** `no-lost-message met 0 of 10000000`, … */
  readonly verdicts: readonly string[];
}

const folder = new URL("../../../reports/checks/", import.meta.url);
const names = (await readdir(folder)).filter((name) => /^[a-z0-9-]+\.ts$/.test(name)).sort();
const checks = await Promise.all(
  names.map(async (name) => ((await import(new URL(name, folder).href)) as { default: Check }).default),
);

const cpuBefore = process.cpuUsage();
const began = performance.now();
const record = await readRecord(process.argv[2] as string);
const read = performance.now();
const planned = checks.map(({ name, limits }) => ({ name, limits }));
const { judgements } = judge({ ...record, plan: { ...record.plan, checks: planned } }, checks);
const judged = performance.now();
const { user, system } = process.cpuUsage(cpuBefore);
const figures: JudgedRecord = {
  cpuMs: (user + system) / 1_000,
  readMs: read - began,
  judgeMs: judged - read,
  peakRssBytes: process.resourceUsage().maxRSS * 1_024,
  verdicts: judgements.map(({ check, verdict }) => {
    return `${check} ${verdict.status} ${verdict.measured ?? "-"} of ${verdict.samples}`;
  }),
};
process.stdout.write(JSON.stringify(figures));
