import { z } from "zod";

/** The kinds of entry that a user may bring in a file of their own. */
export type EntryKind = "scenario" | "fault" | "check";

const method = z.custom((value) => typeof value === "function", "is not a function");
const params = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));
const bounds = z.record(z.string(), z.array(z.union([z.number(), z.string()])));
const name = z.string();

/** What a run needs of each; the types say more, and a file in plain JavaScript has none. */
const shapes: Readonly<Record<EntryKind, z.ZodType>> = {
  scenario: z.object({
    name,
    params,
    bounds: bounds.optional(),
    checks: z.array(z.string()),
    limits: z.array(z.string()).optional(),
    faults: method.optional(),
    reference: method.optional(),
    timing: method,
    roles: method,
  }),
  fault: z.object({
    name,
    on: z.enum(["link", "process", "store", "balancer", "shell"]),
    params,
    bounds: bounds.optional(),
    closes: z.array(z.number()),
    drops: z.boolean(),
    inject: method,
    observed: method,
    healed: method,
  }),
  check: z.object({
    name,
    summary: z.string(),
    requirement: z.array(z.string()),
    unit: z.string(),
    limits: z.record(z.string(), z.number()),
    explain: z.string(),
    judge: method,
  }),
};

/** What keeps this from being an entry of that kind: `timing: is not a function`. Undefined when nothing does. */
export function wrongInEntry(kind: EntryKind, entry: unknown): string | undefined {
  const issue = shapes[kind].safeParse(entry).error?.issues[0];
  return issue && `${issue.path.join(".") || "default export"}: ${issue.message}`;
}
