/** At most three decimals, as the record has its times: no clock here resolves more than a microsecond. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
