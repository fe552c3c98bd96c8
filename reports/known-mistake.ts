/**
 * A production mistake as the diagnosis knows it: what it is, how to mend it, and what speaks for it in the record of a
 * run. The catalog of defects is made of these; the judgement only reads them, and never which of them is switched on.
 */
export interface KnownMistake {
  readonly name: string;
  readonly summary: string;
  /** Rows of section B. */
  readonly requirement: readonly string[];
  readonly inProduction: string;
  readonly remedy: string;
  readonly signs: readonly Sign[];
}

/**
 * One fact and how much it says about this mistake. Weights are on one scale for all mistakes, since they compete:
 *
 * - 5: nearly nothing else looks like this (a feature that was made to tell it from its look-alikes)
 * - 3: the check that must catch it; a handful of other mistakes breach it as well
 * - 1: goes with it, and with many others
 * - below 0: speaks against it, by the same scale. What its look-alikes show belongs here.
 *
 * A fact that was looked for and not found (the check was judged and held) takes half of its weight away, so a mistake
 * should name only what it really always shows.
 */
export interface Sign {
  readonly fact: Fact;
  readonly weight: number;
}

/**
 * What can be asked of a judged run, as text:
 *
 * - `no-lost-message`: this check is breached, in any phase
 * - `no-lost-message@fault`: it is breached in a phase of that kind (baseline, fault, recovery, final)
 * - `not no-lost-message`: it was judged, and met in every phase
 * - `about:origin`: an observation about that did not hold; `not about:origin`: they were made, and all held
 * - `feature:loss-alternating`: a pattern in the record, found by `reports/features/loss-alternating.ts`
 * - `fault:cut`: this fault was in force, and seen to have its effect. Says nothing alone.
 */
export type Fact = string;
