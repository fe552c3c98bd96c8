import { randomUUID } from "node:crypto";
import type { Identity } from "./auth.ts";
import { isRoomName } from "./destinations.ts";
import { type IdentityParts, whoAsks } from "./identity.ts";
import { type Log, reasonOf } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Policies } from "./policies.ts";
import { FOR_EVER_MS, type Subject } from "./revocations.ts";
import { type Asked, json, type Page, type Route } from "./route.ts";

/** How long a client may take to bring what it announced. */
const UPLOAD_LIFE_MS = 900_000;
/** Of one upload; beyond it belongs elsewhere. */
const UPLOAD_BYTES_MAX = 104_857_600;
const NAME_CHARACTERS_MAX = 128;

export interface IdentityRouteOptions {
  readonly identity: IdentityParts;
  readonly policies: Policies;
  readonly metrics: Metrics;
  readonly log: Log;
  setMember(room: string, user: string, member: boolean): Promise<void>;
}

/** What is asked about identity by HTTP: tickets, uploads, and what operators do to users. */
export function identityRoutes(options: IdentityRouteOptions): Route[] {
  const { identity, policies, metrics, log, setMember } = options;

  /** Only for whom a token vouches (A30). */
  const forUsers = (answer: (who: Identity, asked: Asked) => Promise<Page>) => async (asked: Asked) => {
    const who = await whoAsks(asked.request, identity);
    if (who.how === "user") return answer(who, asked);
    metrics.authFailures.inc({ stage: "api", reason: who.reason });
    log.warn("identity refused", { stage: "api", reason: who.reason });
    return json(401, { reason: who.reason }, { "www-authenticate": "Bearer" });
  };

  const unlessAway = async (answer: () => Promise<Page>): Promise<Page> => {
    try {
      return await answer();
    } catch (error) {
      log.warn("a store did not answer a request", { reason: reasonOf(error) });
      return json(503, { reason: "store-unavailable" }, { "retry-after": "1" });
    }
  };

  return [
    {
      // A18: the token stays in a header; what goes into the URL is good once.
      method: "POST",
      path: /^\/api\/ws-ticket$/,
      answer: forUsers((who) =>
        unlessAway(async () => {
          const { user, expiresAtMs, tokenId, tiers } = who;
          const ticket = await identity.tickets.issue({
            user,
            expiresAtMs,
            ...(tokenId === undefined ? {} : { tokenId }),
            ...(tiers === undefined ? {} : { tiers }),
          });
          return json(201, { ticket, expiresInMs: identity.tickets.lifeMs });
        }),
      ),
    },
    {
      // A71: large content goes by reference. Which object store it is, is not this server's business.
      method: "POST",
      path: /^\/api\/uploads$/,
      answer: forUsers(async (who, asked) => {
        const body = recordOf(await asked.json());
        const { bytes, contentType } = body ?? {};
        const sound =
          Number.isSafeInteger(bytes) &&
          (bytes as number) > 0 &&
          (bytes as number) <= UPLOAD_BYTES_MAX &&
          typeof contentType === "string" &&
          /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/.test(contentType);
        if (!sound) {
          return json(400, {
            reason: `body must be {"contentType":"<type>","bytes":1..${UPLOAD_BYTES_MAX}}`,
          });
        }
        const key = `uploads/${encodeURIComponent(who.user)}/${randomUUID()}`;
        return json(201, {
          key,
          url: `/${key}`,
          method: "PUT",
          contentType,
          bytes,
          expiresInMs: UPLOAD_LIFE_MS,
        });
      }),
    },
    {
      // A27: `{"userId":"…"}` or `{"tokenId":"…"}`, with `forMs` for less than ever; `forMs: 0` lifts it.
      method: "POST",
      path: /^\/internal\/ban$/,
      answer: async (asked) => {
        const body = recordOf(await asked.json());
        const subject = subjectOf(body);
        const forMs = body?.forMs ?? null;
        if (
          subject === undefined ||
          (forMs !== null && !(Number.isSafeInteger(forMs) && (forMs as number) >= 0))
        )
          return json(400, { reason: 'body must be {"userId" or "tokenId":"…","forMs":<ms, optional>}' });
        const untilMs = forMs === null ? FOR_EVER_MS : Math.min(FOR_EVER_MS, Date.now() + (forMs as number));
        return unlessAway(async () => {
          await policies.announceBan({
            everywhere: () => identity.revocations.revoke(subject, untilMs),
            here: () => identity.revocations.apply(subject, untilMs),
          });
          log.info("ban", { subject, untilMs });
          return json(200, { subject, untilMs });
        });
      },
    },
    ...(["PUT", "DELETE"] as const).map(
      (method): Route => ({
        method,
        path: /^\/internal\/rooms\/([^/]+)\/members\/([^/]+)$/,
        answer: async ({ params: [room = "", user = ""] }) => {
          if (!isRoomName(room) || !isName(user)) return json(400, { reason: "bad-room-or-user" });
          return unlessAway(async () => {
            await setMember(room, user, method === "PUT");
            return json(200, { room, user, member: method === "PUT" });
          });
        },
      }),
    ),
  ];
}

function subjectOf(body: Readonly<Record<string, unknown>> | undefined): Subject | undefined {
  const { userId, tokenId } = body ?? {};
  if (isName(userId) && tokenId === undefined) return `user:${userId}`;
  return isName(tokenId) && userId === undefined ? `token:${tokenId}` : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= NAME_CHARACTERS_MAX;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
