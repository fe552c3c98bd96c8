/** Wraps a callback of k6 so that it cannot throw: one exception closes every socket of the VU, with 1000. */
export type Guard = <E = void>(where: string, callback: (event: E) => void) => (event: E) => void;

export function guardedBy(report: (where: string, error: unknown) => void): Guard {
  return (where, callback) => (event) => {
    try {
      callback(event);
    } catch (error) {
      report(where, error);
    }
  };
}
