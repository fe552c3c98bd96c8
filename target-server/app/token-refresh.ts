import { messageId } from "../message.ts";
import type { Policies } from "../policies.ts";
import { mintToken, type TokenSettings } from "../token-keys.ts";
import type { Application } from "./application.ts";

export const TOKEN_REFRESH_QUEUE = "/user/queue/token.refresh";

export interface TokenRefreshServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly tokens: TokenSettings;
}

/**
 * `SEND /app/token.refresh` while the token is good: a new one comes on `/user/queue/token.refresh` of this session,
 * and the session lives as long as that one, without a reconnect (A25). Who is banned does not get this far.
 */
export function tokenRefresh({ serverId, policies, tokens }: TokenRefreshServices): Application {
  return {
    prefix: "/app/token.refresh",
    async handle({ session }, rest) {
      if (rest !== "") return { how: "forbidden", reason: "unknown destination" };
      const { token, expiresAtMs } = await mintToken(session.identity, tokens, Date.now());
      session.renew(policies.expiryAfterRefresh(session.identity.expiresAtMs, expiresAtMs));
      session.tell(
        TOKEN_REFRESH_QUEUE,
        { "message-id": messageId(), "server-id": serverId },
        JSON.stringify({ type: "token-refresh", token, expiresAtMs }),
      );
      return { how: "accepted" };
    },
  };
}
