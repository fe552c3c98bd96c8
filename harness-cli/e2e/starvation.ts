/**
 * The tag of a test that works with time: what it demands must come within a time that is short for a machine that
 * stands still, or it holds the verdict of a real run to be a certain one, or counts what a schedule brought. A test
 * whose deadlines are generous, or which itself allows for a machine that was held up, does not have it.
 */
export const TIMED = "timed";

/** Of one second's CPU. A quiet machine of this kind shows up to a tenth. */
const STARVED_SHARE = 0.25;
/** From here on even generous deadlines run out: seconds of 60 % and more come in phases of minutes. */
const STANDSTILL_SHARE = 0.6;

/** What vitest says of a test, or of a hook of it, that did not end: it is the wait that failed, not what is tested. */
const TIMED_OUT = /^(Test|Hook) timed out in \d+ms/;

/** One test that failed. */
export interface FailedTest {
  readonly tags: readonly string[];
  /** Of every error of it, its hooks included. */
  readonly messages: readonly string[];
  /** Share of the CPU that the hypervisor gave to others, in the worst second of the test: 0 to 1. */
  readonly stolenShare: number;
}

/**
 * Why a failure says nothing; undefined where it counts. It says nothing only if the CPU was not ours and if all of it
 * can come from that: a bad second excuses tests of time, and only one in which the machine all but stood still the rest.
 */
export function excuse({ tags, messages, stolenShare }: FailedTest): string | undefined {
  if (stolenShare < STARVED_SHARE) return undefined;
  const byTime = tags.includes(TIMED) || messages.every((message) => TIMED_OUT.test(message));
  if (!byTime && stolenShare < STANDSTILL_SHARE) return undefined;
  return `the hypervisor took ${Math.round(stolenShare * 100)} % of the CPU in a second of it`;
}
