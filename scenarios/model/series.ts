export interface Sample {
  /** As they stand between the braces; "" without any. */
  readonly labels: string;
  readonly value: number;
}

/** The samples of one metric in a page of Prometheus text. */
export function samples(page: string, name: string): Sample[] {
  const found: Sample[] = [];
  for (const line of page.split("\n")) {
    const [, labels = "", value] = line.startsWith(name)
      ? (/^[a-zA-Z_:]+(?:\{(.*)\})? (\S+)/.exec(line) ?? [])
      : [];
    const isIt = value !== undefined && /^(\{| )/.test(line.slice(name.length));
    if (isIt) found.push({ labels, value: Number(value) });
  }
  return found;
}
