/** Wraps a callback of k6 so that it cannot throw: one exception closes every socket of the VU, with 1000. */
export type Guard = <A extends unknown[]>(
  where: string,
  callback: (...args: A) => void,
) => (...args: A) => void;

export function guardedBy(report: (where: string, error: unknown) => void): Guard {
  return (where, callback) =>
    (...args) => {
      try {
        callback(...args);
      } catch (error) {
        report(where, error);
      }
    };
}
