import leven from "leven";

/** The name that was probably meant, or undefined when none is close (more than a third of it would change). */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    const distance = leven(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  if (best === undefined) return undefined;
  const related = best.includes(name) && name.length >= 3;
  return related || bestDistance <= Math.max(1, Math.ceil(Math.max(name.length, best.length) / 3))
    ? best
    : undefined;
}

/** `did you mean "latency"?` or the list of what there is. */
export function hintFor(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near ? `did you mean "${near}"?` : `there is ${names.join(", ") || "none"}`;
}
