import type { Lane } from "./lane.ts";
import { type FrameRule, isHit, matches } from "./rule.ts";
import { corrupted, truncated } from "./spoil.ts";
import type { Unit } from "./units.ts";

/** A rule on one direction of one victim, with what came of it. */
export interface Sabotage {
  readonly rule: FrameRule;
  matched: number;
  acted: number;
  /** Of a reordering: what still has to be overtaken, in the order in which it came. */
  readonly aside: { readonly bytes: Buffer; overtakenBy: number }[];
}

export function sabotageBy(rule: FrameRule): Sabotage {
  return { rule, matched: 0, acted: 0, aside: [] };
}

/** The first rule that hits a unit decides what becomes of it; every rule that it matches counts it. */
export function applyTo(unit: Unit, rules: readonly Sabotage[], lane: Lane): void {
  const matching = rules.filter(({ rule }) => matches(rule, unit));
  for (const sabotage of matching) sabotage.matched += 1;
  const hit = matching.find(({ rule, matched }) => isHit(rule, matched));
  if (hit === undefined) {
    lane.send(unit.wire);
    for (const sabotage of matching) overtake(sabotage, lane);
  } else {
    hit.acted += 1;
    act(unit, hit, lane);
  }
}

/** What a reordering kept back goes out when its rule is lifted: nothing is lost by it. */
export function sendAside(sabotage: Sabotage, lane: Lane): void {
  for (const { bytes } of sabotage.aside.splice(0)) lane.send(bytes);
}

function act(unit: Unit, sabotage: Sabotage, lane: Lane): void {
  const { act: what, label } = sabotage.rule;
  switch (what.kind) {
    case "drop":
    case "blackhole":
      break;
    case "duplicate":
      for (let i = 0; i <= what.copies; i++) lane.send(unit.wire);
      break;
    case "reorder":
      sabotage.aside.push({ bytes: unit.wire, overtakenBy: what.behind });
      break;
    case "delay":
      lane.sendLater(unit.wire, what.delayMs);
      break;
    case "truncate":
      lane.send(truncated(unit, what.level, what.keepPercent));
      break;
    case "corrupt":
      lane.send(corrupted(unit, what.part, `${label} ${sabotage.matched}`));
      break;
    case "hold":
      // Held before it is a unit: see `flow.ts`.
      lane.send(unit.wire);
  }
}

/** A matching unit went by: what was set aside comes closer to its turn. */
function overtake(sabotage: Sabotage, lane: Lane): void {
  for (const kept of sabotage.aside) kept.overtakenBy -= 1;
  while (sabotage.aside[0] !== undefined && sabotage.aside[0].overtakenBy <= 0)
    lane.send(sabotage.aside.shift()!.bytes);
}
