import { readFileSync } from "node:fs";

/**
 * How many file descriptors this process may have open (the soft limit, which Node raises to the hard one when it
 * starts). Undefined where the system has no /proc: there nothing can be said, and nothing is refused (A10).
 */
export function openFilesMax(limitsFile = "/proc/self/limits"): number | undefined {
  let limits: string;
  try {
    limits = readFileSync(limitsFile, "utf8");
  } catch {
    return undefined;
  }
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}
