/** Resolves after `ms`. Does not keep a process alive that has nothing else to do. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
