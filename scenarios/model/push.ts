import type { Examiner, HttpAnswer } from "./examiner.ts";

export interface Pushed {
  readonly user: string;
  /** `/queue/…`, without `/user`. */
  readonly queue: string;
  readonly content: string;
  /** To which instance. */
  readonly at: number;
  readonly idempotencyKey?: string;
}

/** What another system pushes to a user (A101). Throws where the target does not let us. */
export function push(examiner: Examiner, pushed: Pushed): Promise<HttpAnswer> {
  const { internalAuthorization } = examiner;
  if (internalAuthorization === undefined) throw new Error("this target's /internal is not ours to use");
  const { user, queue, content, at, idempotencyKey } = pushed;
  return examiner.http({
    at,
    method: "POST",
    path: `/internal/push/user/${user}`,
    headers: {
      authorization: internalAuthorization,
      "content-type": "application/json",
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    body: JSON.stringify({ destination: queue, payload: { content } }),
  });
}

/** 202 for what is new, 200 for what was pushed before under the same key. */
export function isTaken({ status }: HttpAnswer): boolean {
  return status === 202 || status === 200;
}
