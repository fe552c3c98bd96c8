/**
 * Does all of it, in order, at most `jobs` at a time. After the first failure nothing new begins; what is under way is
 * waited for, and then that failure is thrown.
 */
export async function inTurn(work: readonly (() => Promise<void>)[], jobs: number): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    for (let one = work[next++]; one && failures.length === 0; one = work[next++]) {
      try {
        await one();
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, work.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
