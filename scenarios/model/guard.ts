/** Wraps a callback so that it cannot throw: in k6 one exception closes every socket of the VU, with 1000; in Node it ends the thread. */
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
