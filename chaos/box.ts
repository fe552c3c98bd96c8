import type { Box, Process } from "./topology.ts";

/** @throws when it is no container. */
export function boxOf(process: Process): Box {
  if (process.box === undefined) throw new Error(`${process.name} is no container`);
  return process.box;
}
