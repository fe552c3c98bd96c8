import type { Worker } from "../balancer/seat.ts";

/**
 * Prints of every process in a container what /proc says: `/proc/7/stat:7 (nginx) S 1 …`, `/proc/7/cmdline:nginx: …`. By
 * what every image has: `ps` is in none of ours.
 */
export const PRINT_PROCESSES = [
  "sh",
  "-c",
  "grep -s -a '' /proc/[0-9]*/stat /proc/[0-9]*/cmdline; exit 0",
] as const;

/** What the container's own program, whose pid is 1, has started, directly or not. */
export function startedByFirst(printed: string): readonly Worker[] {
  const parents = new Map<number, number>();
  const titles = new Map<number, string>();
  for (const [, pid, file, text] of printed.matchAll(/^\/proc\/(\d+)\/(stat|cmdline):(.*)$/gm)) {
    if (file === "cmdline") titles.set(Number(pid), (text as string).replaceAll("\0", " ").trim());
    // The name may hold spaces and parentheses; behind it come the state and the parent.
    else parents.set(Number(pid), Number((text as string).slice(text!.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const isStarted = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent === 1 || (parent !== undefined && isStarted(parent));
  };
  return [...parents.keys()]
    .filter(isStarted)
    .map((pid) => ({ pid, ...(titles.has(pid) ? { title: titles.get(pid) as string } : {}) }));
}
