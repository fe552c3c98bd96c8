import type { Identity } from "../auth.ts";
import type { Headers } from "../stomp/frame.ts";

/** A SEND of a user who is let in. */
export interface SendRequest {
  readonly user: string;
  readonly headers: Headers;
  readonly body: string;
  /** Where it came from. */
  readonly session: SendingSession;
}

export interface SendingSession {
  readonly id: string;
  readonly identity: Identity;
  /** Until when its identity is good from now on, ms since 1970. */
  renew(expiresAtMs: number): void;
  /** A message on one of its user queues (`/user/queue/…`), to this session alone. */
  tell(queue: string, headers: Headers, body: string): void;
  /** Replays a room after `lastSeen` to this session's subscription; false where it has none. */
  resume(room: string, lastSeen: number): Promise<boolean>;
}

export type SendOutcome =
  /** Done, durably: the RECEIPT may go. */
  | { readonly how: "accepted" }
  /** Something is wrong with this message or this moment; the session goes on. */
  | { readonly how: "rejected" | "unknown"; readonly reason: string; readonly retryAfterMs?: number }
  /** The client must not do this: ERROR and close. */
  | { readonly how: "forbidden"; readonly reason: string };

/** What serves SENDs to `/app/<name>/…`. One file each; `routes.ts` lists them. */
export interface Application {
  /** Starts with `/app/` and ends with `/`; what follows in the destination is `rest`. */
  readonly prefix: string;
  handle(request: SendRequest, rest: string): Promise<SendOutcome>;
}

/** Anything that is no application is forbidden, the broker's own destinations above all (A32, A36). */
export function route(
  applications: readonly Application[],
  otherwise: (request: SendRequest) => SendOutcome,
): (request: SendRequest) => Promise<SendOutcome> {
  return async (request) => {
    const { destination } = request.headers;
    if (destination === undefined) return { how: "forbidden", reason: "SEND needs a destination" };
    const application = applications.find(({ prefix }) => destination.startsWith(prefix));
    if (application === undefined) return otherwise(request);
    return application.handle(request, destination.slice(application.prefix.length));
  };
}
