import { expect, test } from "vitest";
import { ranked } from "../reports/diagnosis.ts";
import type { Answer } from "../reports/facts.ts";
import { type AnyDefect, loadCatalog } from "./catalog.ts";

/**
 * Whether the signs of the catalog can tell its mistakes apart at all: for each of them an imagined run that shows just
 * what it says of itself, and nothing else. What a real run shows is `prove`'s to find out.
 */
const catalog = await loadCatalog();
const all = [...catalog.defects.values()];

/** What such a run would answer. */
function imagined(defect: AnyDefect): (fact: string) => Answer {
  const shown = new Set(defect.signs.filter(({ weight }) => weight > 0).map(({ fact }) => fact));
  shown.add(defect.caughtBy.check);
  const so = (fact: string): Answer => ({
    is: "so",
    breach: !/^(feature|fault|not )/.test(fact),
    text: fact,
    examples: [],
  });
  const isSo = (fact: string): boolean | undefined => {
    if (shown.has(fact) || [...shown].some((one) => one.startsWith(`${fact}@`))) return true;
    // A check that is breached somewhere, and in which phase the defect does not say.
    const [check = "", phase] = fact.split("@");
    return phase !== undefined && shown.has(check) ? undefined : false;
  };
  return (fact) => {
    const isNot = fact.startsWith("not ");
    const answer = isSo(isNot ? fact.slice(4) : fact);
    if (answer === undefined) return { is: "untold" };
    return answer !== isNot ? so(fact) : { is: "not-so", text: fact };
  };
}

test.each(all.map((defect) => [defect.name, defect] as const))(
  "%s is named first, alone, by a run that shows just what it says of itself",
  (name, defect) => {
    const found = ranked(all, imagined(defect));
    const rivals = found.filter((one) => one.mistake !== name && one.rank === 1).map((one) => one.mistake);
    expect(rivals).toEqual([]);
    expect(found.find((one) => one.mistake === name)?.rank).toBe(1);
  },
);
