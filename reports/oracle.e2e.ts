import fc from "fast-check";
import { test } from "vitest";
import { agree } from "./fixtures/histories/agree.ts";
import { plant, plantings } from "./fixtures/histories/plant.ts";
import { anyRun } from "./fixtures/histories/random-history.ts";

/** `HISTORIES=50000` for more; the seeds follow each other, so that every thousand is another one. */
const HISTORIES = Number(process.env.HISTORIES ?? 10_000);
const A_CHUNK = 1_000;
const chunks = Array.from({ length: Math.ceil(HISTORIES / A_CHUNK) }, (_, n) => n + 1);

// Slow machines need minutes; a thousand take 4 s on a free core.
test.each(chunks)(
  "rule 3: random histories, thousand %i: what the oracle finds and nothing else",
  (seed) => {
    fc.assert(fc.property(anyRun, agree), { numRuns: A_CHUNK, seed });
  },
  120_000,
);

test.each(plantings)(
  "rule 3: a planted anomaly, %s at the %s of a window, in 40 random histories",
  (kind, place) => {
    fc.assert(
      fc.property(anyRun, (raw) => plant(raw, kind, place)),
      { numRuns: 40, seed: 1 },
    );
  },
  120_000,
);
