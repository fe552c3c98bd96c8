import type { Evidence, Feature } from "../feature.ts";
import { judge } from "../judge.ts";
import type { Story } from "./story.ts";

/** What a feature finds in a story, judged by nothing. */
export function findIn(feature: Feature, story: Story): readonly Evidence[] {
  const record = story.record();
  return feature.find(record, judge(record, []));
}
