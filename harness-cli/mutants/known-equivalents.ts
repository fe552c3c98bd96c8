import type { Mutant } from "./mutate.ts";

/**
 * A mutant that no test can notice, since the check answers the same with it. Found again by what its line becomes,
 * not by a number that moves. An entry whose line is there no more, or whose mutant a test does notice, is an error.
 */
export interface KnownEquivalent {
  readonly file: string;
  /** The changed line without its indentation: no other mutant of the file reads like it. */
  readonly becomes: string;
  /** Why nothing can come of it. Not: why it is hard to test. */
  readonly because: string;
}

export const KNOWN_EQUIVALENTS: readonly KnownEquivalent[] = [
  {
    file: "reports/measure.ts",
    becomes: "if ((toMs - fromMs) / 1_000 <= known.size) {",
    because:
      "both ways of walking give the same seconds: which is taken where they are equally long is all the same",
  },
  {
    file: "reports/record/intervals.ts",
    becomes: "if (from > (intervals[last - 1] as number)) {",
    because:
      "a shortcut for the run that comes last nearly always; what is below it does the same for any other",
  },
  {
    file: "reports/record/intervals.ts",
    becomes: "if ((one[i + 1] as number) <= (other[j + 1] as number)) i += 2;",
    because:
      "of two runs that end together either may be left first: the other one has nothing in common with the next",
  },
  {
    file: "reports/record/ledger-builder.ts",
    becomes: "if (!last) {",
    because:
      "a shortcut for the SEND that comes last nearly always; what is below it puts it behind all others too",
  },
  {
    file: "reports/record/ledger-builder.ts",
    becomes: "if (event.attempt >= (attempts.at(-1)?.[0] ?? -1)) attempts.push([event.attempt, event.atMs]);",
    because:
      "only the first event of an attempt is ever looked for, and it stands before the others of that attempt",
  },
  {
    file: "scenarios/model/histogram.ts",
    becomes: "if (small <= SUB) return small;",
    because:
      "the first bucket above those of one microsecond is one microsecond wide too: 128 is 128 either way",
  },
  {
    file: "scenarios/model/histogram.ts",
    becomes: "if (index <= SUB) return index;",
    because:
      "the first bucket above those of one microsecond is one microsecond wide too: 128 is 128 either way",
  },
  {
    file: "scenarios/model/histogram.ts",
    becomes: "if (valueUs <= histogram.minUs) histogram.minUs = valueUs;",
    because: "puts the same number where it already is",
  },
  {
    file: "scenarios/model/histogram.ts",
    becomes: "if (valueUs >= histogram.maxUs) histogram.maxUs = valueUs;",
    because: "puts the same number where it already is",
  },
  {
    file: "reports/checks/send-queue-depth.ts",
    becomes: "return depths.sort((a, b) => (a.server <= b.server ? -1 : 1));",
    because: "each server is there once, so no two of them are equal",
  },
];

export function isKnown(file: string, mutant: Mutant, known = KNOWN_EQUIVALENTS): boolean {
  return known.some((one) => one.file === file && one.becomes === mutant.becomes);
}

/** What is wrong with the entries of a file, given all of its mutants: each entry must be exactly one of them. */
export function staleIn(file: string, mutants: readonly Mutant[], known = KNOWN_EQUIVALENTS): string[] {
  return known
    .filter((one) => one.file === file)
    .flatMap(({ becomes }) => {
      const count = mutants.filter((mutant) => mutant.becomes === becomes).length;
      return count === 1 ? [] : [`${file}: known as equivalent, but ${count} mutants read: ${becomes}`];
    });
}
